//! What is carried over from the user's own settings, once all setting sources are switched off.
//!
//! With `--setting-sources ""` Claude Code ignores the user's settings whole, a key helper and the
//! variables that authenticate included, and is then "not logged in". Those alone are re-supplied,
//! in a file that only the user can read. A project's settings are never carried: whoever wrote the
//! repository would choose the program that runs and the host that hears the prompt.

use serde_json::{Map, Value};

/// Programs that produce credentials; each value is a command line.
pub(super) const HELPERS: [&str; 3] = ["apiKeyHelper", "awsAuthRefresh", "awsCredentialExport"];

/// Variables that say who asks, and by which way the service is reached.
const VARIABLES: [&str; 31] = [
    "ANTHROPIC_API_KEY",
    "ANTHROPIC_AUTH_TOKEN",
    "ANTHROPIC_BASE_URL",
    "ANTHROPIC_CUSTOM_HEADERS",
    "ANTHROPIC_UNIX_SOCKET",
    "CLAUDE_CODE_OAUTH_TOKEN",
    "CLAUDE_CODE_API_KEY_HELPER_TTL_MS",
    "CLAUDE_CODE_USE_BEDROCK",
    "CLAUDE_CODE_SKIP_BEDROCK_AUTH",
    "ANTHROPIC_BEDROCK_BASE_URL",
    "CLAUDE_CODE_USE_VERTEX",
    "CLAUDE_CODE_SKIP_VERTEX_AUTH",
    "ANTHROPIC_VERTEX_BASE_URL",
    "ANTHROPIC_VERTEX_PROJECT_ID",
    "CLOUD_ML_REGION",
    "GOOGLE_APPLICATION_CREDENTIALS",
    "GOOGLE_CLOUD_PROJECT",
    "GCLOUD_PROJECT",
    "CLAUDE_CODE_USE_FOUNDRY",
    "CLAUDE_CODE_SKIP_FOUNDRY_AUTH",
    "CLAUDE_CODE_CLIENT_CERT",
    "CLAUDE_CODE_CLIENT_KEY",
    "CLAUDE_CODE_CLIENT_KEY_PASSPHRASE",
    "NODE_EXTRA_CA_CERTS",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "ALL_PROXY",
    "CLAUDE_CODE_PROXY_RESOLVES_HOSTS",
];

/// Families of such variables, one for each cloud.
const FAMILIES: [&str; 4] = ["AWS_", "AZURE_", "ANTHROPIC_FOUNDRY_", "VERTEX_REGION_"];

/// The part of a user's settings file that authenticates and routes, as settings of its own.
///
/// `None` when there is nothing to carry, also when the text is not a JSON object.
pub(crate) fn carried_settings(user_settings_json: &str) -> Option<Value> {
    let settings: Map<String, Value> = serde_json::from_str(user_settings_json).ok()?;
    let mut carried: Map<String, Value> = settings
        .iter()
        .filter(|(name, value)| HELPERS.contains(&name.as_str()) && value.is_string())
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    let env = carried_variables(settings.get("env"));
    if !env.is_empty() {
        carried.insert("env".to_owned(), Value::Object(env));
    }
    (!carried.is_empty()).then_some(Value::Object(carried))
}

fn carried_variables(env: Option<&Value>) -> Map<String, Value> {
    env.and_then(Value::as_object)
        .into_iter()
        .flatten()
        .filter(|(name, value)| authenticates_or_routes(name) && is_scalar(value))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

/// Proxies are also written in lower case; no other name is, and none clashes.
fn authenticates_or_routes(name: &str) -> bool {
    let upper = name.to_ascii_uppercase();
    let is_proxy = upper.ends_with("_PROXY");
    let name = if is_proxy { upper.as_str() } else { name };
    VARIABLES.contains(&name) || FAMILIES.iter().any(|family| name.starts_with(family))
}

/// Numbers and booleans are common here (`"CLAUDE_CODE_USE_BEDROCK": 1`), and Claude Code takes them.
fn is_scalar(value: &Value) -> bool {
    value.is_string() || value.is_number() || value.is_boolean()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_authenticates_and_routes_is_carried_and_nothing_else() {
        let settings = json!({
            "apiKeyHelper": "get-key",
            "awsAuthRefresh": "aws sso login",
            "model": "haiku",
            "hooks": {"PreToolUse": []},
            "permissions": {"allow": ["Bash"]},
            "env": {
                "ANTHROPIC_API_KEY": "k", "AWS_PROFILE": "p", "https_proxy": "http://proxy",
                "CLAUDE_CODE_USE_BEDROCK": 1, "ANTHROPIC_MODEL": "haiku", "LD_PRELOAD": "x.so",
                "ANTHROPIC_FOUNDRY_RESOURCE": "r", "PATH": "/x", "AWS_LIST": []
            }
        });
        let want = json!({
            "apiKeyHelper": "get-key",
            "awsAuthRefresh": "aws sso login",
            "env": {
                "ANTHROPIC_API_KEY": "k", "AWS_PROFILE": "p", "https_proxy": "http://proxy",
                "CLAUDE_CODE_USE_BEDROCK": 1, "ANTHROPIC_FOUNDRY_RESOURCE": "r"
            }
        });
        assert_eq!(carried_settings(&settings.to_string()), Some(want));
    }

    #[test]
    fn nothing_to_carry_is_none() {
        for text in [
            "",
            "{bad",
            "[]",
            "null",
            "{}",
            r#"{"env":{}}"#,
            r#"{"env":[1]}"#,
            r#"{"apiKeyHelper":7,"env":{"EDITOR":"vi"}}"#,
        ] {
            assert_eq!(carried_settings(text), None, "{text}");
        }
    }
}

//! By whose credentials Claude Code asks, told from values, and what that means for a jail.
//!
//! Refresh tokens rotate: two homes with one token log each other out. So a login is never copied. A
//! consult has either credentials that need no home (a key, a long-lived token), a login of its own
//! home, or it runs in the user's home, and is then offered no shell: what can write there could write
//! hooks that run later, outside of any jail.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Where the credentials come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Source {
    /// A file of the user's with a long-lived token (`claude setup-token`).
    TokenFile,
    /// A file of the user's with an API key.
    KeyFile,
    /// A key or token in the environment, or in the user's own settings.
    Environment,
    /// A login of its own, which consults share.
    Login,
    /// A program of the user's that prints a key, and may need anything for it.
    Helper,
    /// The files of a cloud's own tools.
    Cloud,
    /// The login in the user's home, if there is one.
    Home,
}

/// A file with a credential, as the configuration names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CredentialFile {
    Token(String),
    Key(String),
}

impl CredentialFile {
    pub(crate) fn path(&self) -> &str {
        match self {
            CredentialFile::Token(path) | CredentialFile::Key(path) => path,
        }
    }

    /// The variable by which Claude Code is given what is in it.
    pub(crate) fn variable(&self) -> &'static str {
        match self {
            CredentialFile::Token(_) => "CLAUDE_CODE_OAUTH_TOKEN",
            CredentialFile::Key(_) => "ANTHROPIC_API_KEY",
        }
    }
}

/// Variables with a credential of their own. A configured file stands instead of all of them.
pub(super) const CREDENTIALS: [&str; 3] =
    ["ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "CLAUDE_CODE_OAUTH_TOKEN"];

/// Whether a variable must be absent where somebody is to log in.
pub(crate) fn logged_out(name: &str) -> bool {
    CREDENTIALS.contains(&name)
}

/// A cloud: the switch, what authenticates without a file (all names of one list), and where its
/// tools keep credentials, below the home.
struct Cloud {
    switch: &'static str,
    without_files: &'static [&'static [&'static str]],
    reads: &'static str,
    writes: &'static [&'static str],
    /// How its tools' variables begin.
    families: &'static [&'static str],
}

const CLOUDS: [Cloud; 3] = [
    Cloud {
        switch: "CLAUDE_CODE_USE_BEDROCK",
        without_files: &[
            &["AWS_BEARER_TOKEN_BEDROCK"],
            &["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"],
        ],
        reads: ".aws",
        writes: &[".aws/sso/cache", ".aws/cli/cache"],
        families: &["AWS_"],
    },
    Cloud {
        switch: "CLAUDE_CODE_USE_VERTEX",
        without_files: &[],
        reads: ".config/gcloud",
        writes: &[],
        families: &["CLOUDSDK_", "GCLOUD_", "GOOGLE_"],
    },
    Cloud {
        switch: "CLAUDE_CODE_USE_FOUNDRY",
        without_files: &[&["ANTHROPIC_FOUNDRY_API_KEY"]],
        reads: ".azure",
        writes: &[".azure"],
        families: &["AZURE_"],
    },
];

/// Variables that name a file which is read on the way to an answer.
const NAMES_A_FILE: [&str; 5] = [
    "NODE_EXTRA_CA_CERTS",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "CLAUDE_CODE_CLIENT_CERT",
    "CLAUDE_CODE_CLIENT_KEY",
];

/// The same, of clouds alone.
const NAMES_A_CLOUDS_FILE: [&str; 4] = [
    "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "GOOGLE_APPLICATION_CREDENTIALS",
];

/// What Claude Code will be given: the inherited variables, and what is carried over from settings.
#[derive(Clone, Copy)]
pub(crate) struct Given<'a> {
    pub(crate) variables: &'a [(String, String)],
    pub(crate) carried: Option<&'a Value>,
}

impl Given<'_> {
    /// A variable that is set and not empty, carried ones included.
    pub(crate) fn value(&self, name: &str) -> Option<String> {
        let set = self.variables.iter().find(|(key, value)| key == name && !value.is_empty());
        let carried = || match self.carried?.get("env")?.get(name)? {
            Value::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        };
        set.map(|(_, value)| value.clone()).or_else(carried)
    }

    fn is_on(&self, name: &str) -> bool {
        self.value(name).is_some_and(|value| !["0", "false"].contains(&value.as_str()))
    }

    fn has_helper(&self) -> bool {
        let settings = self.carried.and_then(Value::as_object);
        settings.is_some_and(|settings| settings.keys().any(|name| name != "env"))
    }

    /// Claude Code's own order of precedence, with a configured file before it.
    pub(crate) fn source(&self, file: Option<&CredentialFile>, has_login: bool) -> Source {
        let has = |name: &str| self.value(name).is_some();
        match file {
            Some(CredentialFile::Token(_)) => return Source::TokenFile,
            Some(CredentialFile::Key(_)) => return Source::KeyFile,
            None => {}
        }
        if let Some(cloud) = self.cloud() {
            let alone = cloud.without_files.iter().any(|all| all.iter().all(|name| has(name)));
            return if alone { Source::Environment } else { Source::Cloud };
        }
        if has("ANTHROPIC_AUTH_TOKEN") || has("ANTHROPIC_API_KEY") {
            Source::Environment
        } else if self.has_helper() {
            Source::Helper
        } else if has("CLAUDE_CODE_OAUTH_TOKEN") {
            Source::Environment
        } else if has_login {
            Source::Login
        } else {
            Source::Home
        }
    }

    fn cloud(&self) -> Option<&'static Cloud> {
        CLOUDS.iter().find(|cloud| self.is_on(cloud.switch))
    }

    /// How the variables begin that the chosen cloud's tools read.
    pub(crate) fn families(&self) -> &'static [&'static str] {
        self.cloud().map_or(&[], |cloud| cloud.families)
    }

    /// Files that have to be readable, wherever they are.
    pub(crate) fn files(&self, source: Source) -> Vec<String> {
        let clouds = NAMES_A_CLOUDS_FILE.into_iter().filter(|_| source == Source::Cloud);
        let names = NAMES_A_FILE.into_iter().chain(clouds);
        names.filter_map(|name| self.value(name)).collect()
    }

    /// Where the cloud's credentials lie below the home: what is read, and what is written.
    pub(crate) fn cloud_places(&self, source: Source) -> (Vec<&'static str>, Vec<&'static str>) {
        match self.cloud().filter(|_| source == Source::Cloud) {
            Some(cloud) => (vec![cloud.reads], cloud.writes.to_vec()),
            None => (Vec::new(), Vec::new()),
        }
    }
}

impl Source {
    /// Whether Claude Code then has a home of its own, and leaves the user's alone.
    pub(crate) fn owns_home(self) -> bool {
        !matches!(self, Source::Helper | Source::Cloud | Source::Home)
    }

    /// The name by which it is recorded.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Source::TokenFile => "token_file",
            Source::KeyFile => "key_file",
            Source::Environment => "environment",
            Source::Login => "login",
            Source::Helper => "helper",
            Source::Cloud => "cloud",
            Source::Home => "home",
        }
    }
}

/// What is carried over when a configured file has the credential: no other one.
pub(crate) fn without_credentials(carried: &Value) -> Option<Value> {
    let env = carried.get("env").and_then(Value::as_object)?;
    let kept: Map<String, Value> = env
        .iter()
        .filter(|(name, _)| !CREDENTIALS.contains(&name.as_str()))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    (!kept.is_empty()).then(|| serde_json::json!({ "env": kept }))
}

/// Files of a home that tell whether somebody is logged in there.
pub(crate) const LOGIN_FILES: [&str; 2] = [".credentials.json", ".claude.json"];

/// Whether the texts of [`LOGIN_FILES`] hold a login: a subscription's, or the Console's key.
pub(crate) fn is_login(credentials: Option<&str>, state: Option<&str>) -> bool {
    let field = |text: Option<&str>, pointer: &str| {
        let value: Value = serde_json::from_str(text?).ok()?;
        value.pointer(pointer)?.as_str().map(|text| !text.is_empty())
    };
    field(credentials, "/claudeAiOauth/refreshToken")
        .or_else(|| field(credentials, "/claudeAiOauth/accessToken"))
        .or_else(|| field(state, "/primaryApiKey"))
        .unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn source(variables: &[(&str, &str)], carried: &Value, has_login: bool) -> Source {
        let variables: Vec<(String, String)> =
            variables.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        Given { variables: &variables, carried: Some(carried) }.source(None, has_login)
    }

    #[test]
    fn the_order_is_claude_codes_own() {
        let (key, token) = (("ANTHROPIC_API_KEY", "k"), ("CLAUDE_CODE_OAUTH_TOKEN", "t"));
        let bedrock = ("CLAUDE_CODE_USE_BEDROCK", "1");
        let helper = json!({ "apiKeyHelper": "x" });
        let none = json!({});
        for (variables, carried, login, want) in [
            (vec![], &none, false, Source::Home),
            (vec![("ANTHROPIC_API_KEY", "")], &none, false, Source::Home),
            (vec![], &none, true, Source::Login),
            (vec![token], &none, true, Source::Environment),
            (vec![token], &helper, true, Source::Helper),
            (vec![key], &helper, true, Source::Environment),
            (vec![key, bedrock], &none, true, Source::Cloud),
            (vec![key, ("CLAUDE_CODE_USE_BEDROCK", "0")], &none, false, Source::Environment),
            (vec![bedrock, ("AWS_ACCESS_KEY_ID", "a")], &none, false, Source::Cloud),
            (vec![bedrock, ("AWS_BEARER_TOKEN_BEDROCK", "a")], &none, false, Source::Environment),
            (vec![], &json!({ "env": { "ANTHROPIC_API_KEY": "k" } }), false, Source::Environment),
            (vec![], &json!({ "env": { "CLAUDE_CODE_USE_VERTEX": 1 } }), true, Source::Cloud),
        ] {
            assert_eq!(source(&variables, carried, login), want, "{variables:?} {carried}");
        }
    }

    #[test]
    fn a_configured_file_comes_first_and_no_other_credential_beside_it() {
        let given = Given { variables: &[("ANTHROPIC_API_KEY".into(), "k".into())], carried: None };
        let file = CredentialFile::Token("/t".to_owned());
        assert_eq!(given.source(Some(&file), true), Source::TokenFile);
        let carried = json!({ "apiKeyHelper": "x", "env": {
            "ANTHROPIC_API_KEY": "k", "HTTPS_PROXY": "p" } });
        assert_eq!(without_credentials(&carried), Some(json!({ "env": { "HTTPS_PROXY": "p" } })));
        assert_eq!(without_credentials(&json!({ "apiKeyHelper": "x" })), None);
    }

    #[test]
    fn a_logged_out_stub_is_no_login() {
        for (credentials, state, want) in [
            (None, None, false),
            (Some("{}"), Some("{}"), false),
            (Some(r#"{"claudeAiOauth":{"accessToken":""}}"#), None, false),
            (Some(r#"{"claudeAiOauth":{"refreshToken":"r"}}"#), None, true),
            (None, Some(r#"{"primaryApiKey":"sk"}"#), true),
            (Some("no json"), None, false),
        ] {
            assert_eq!(is_login(credentials, state), want, "{credentials:?} {state:?}");
        }
    }
}

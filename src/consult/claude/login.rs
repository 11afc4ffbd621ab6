//! With what Claude Code would authenticate, as far as that can be told without asking anybody: what
//! stands in the environment, in settings, and in the files that its login leaves. Names and times
//! only; a secret never gets out of here.
//!
//! Read in 2.1.330: `.credentials.json` holds `claudeAiOauth`, a login at the console leaves
//! `primaryApiKey` in `.claude.json`, and a managed settings file keeps its effect whatever the
//! setting sources are.

use serde_json::Value;

use super::settings::HELPERS;

/// Variables whose value is a credential.
const SECRETS: [&str; 3] = ["ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "CLAUDE_CODE_OAUTH_TOKEN"];

/// Switches to a cloud that authenticates by its own means.
const CLOUDS: [&str; 3] =
    ["CLAUDE_CODE_USE_BEDROCK", "CLAUDE_CODE_USE_VERTEX", "CLAUDE_CODE_USE_FOUNDRY"];

/// What was found to look at. Texts of files that are not there are `None`.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Places<'a> {
    pub(crate) environment: &'a [(String, String)],
    /// `settings.json` of the user.
    pub(crate) settings: Option<&'a str>,
    /// `managed-settings.json` of the host.
    pub(crate) managed: Option<&'a str>,
    /// `.credentials.json`.
    pub(crate) credentials: Option<&'a str>,
    /// `.claude.json`.
    pub(crate) global: Option<&'a str>,
}

/// Where a setting stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Environment,
    UserSettings,
    ManagedSettings,
}

/// One way in which Claude Code would authenticate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// A key or token in a variable.
    Secret {
        name: &'static str,
        place: Place,
    },
    /// A cloud's own credentials, which are not looked at.
    Cloud {
        name: &'static str,
        place: Place,
    },
    /// A program that prints a key; not run.
    Helper {
        name: &'static str,
        place: Place,
    },
    /// A key that a login at the console left.
    ConsoleKey,
    Login(Login),
}

/// What a subscription's login is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Login {
    /// Until then, milliseconds since 1970, where the file says.
    Valid {
        until_unix_ms: Option<i64>,
    },
    /// The token has expired, and Claude Code gets a new one by itself.
    Renewable,
    Expired {
        since_unix_ms: i64,
    },
    /// The file has no token: a logged-out stub, or not what is expected.
    Empty,
}

impl Source {
    /// Whether a consult can be expected to get in by it.
    pub(crate) fn is_usable(&self) -> bool {
        !matches!(self, Source::Login(Login::Expired { .. } | Login::Empty))
    }
}

/// Every way that is there.
pub(crate) fn sources(places: &Places<'_>, now_unix_ms: i64) -> Vec<Source> {
    let variable = |name: &str| {
        let found = places.environment.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| Value::from(value.as_str()))
    };
    let mut found = variables(&variable, Place::Environment);
    let managed =
        [(places.settings, Place::UserSettings), (places.managed, Place::ManagedSettings)];
    for (text, place) in managed {
        let Some(settings) = text.and_then(parsed) else { continue };
        let helper = |name: &&str| settings[*name].as_str().is_some_and(|line| !line.is_empty());
        found.extend(HELPERS.into_iter().filter(helper).map(|name| Source::Helper { name, place }));
        found.extend(variables(&|name| settings["env"].get(name).cloned(), place));
    }
    let key = places.global.and_then(parsed).map(|global| global["primaryApiKey"].clone());
    found.extend(key.filter(is_set).map(|_| Source::ConsoleKey));
    found.extend(places.credentials.map(|text| Source::Login(login(text, now_unix_ms))));
    found
}

fn variables(value: &dyn Fn(&str) -> Option<Value>, place: Place) -> Vec<Source> {
    let is_set = |name: &&str| value(name).as_ref().is_some_and(is_set);
    let is_on = |name: &&str| value(name).as_ref().is_some_and(is_on);
    let secrets = SECRETS.into_iter().filter(is_set).map(|name| Source::Secret { name, place });
    let clouds = CLOUDS.into_iter().filter(is_on).map(|name| Source::Cloud { name, place });
    secrets.chain(clouds).collect()
}

fn is_set(value: &Value) -> bool {
    value.as_str().is_some_and(|text| !text.trim().is_empty())
}

/// As Claude Code reads a switch.
fn is_on(value: &Value) -> bool {
    match value {
        Value::Bool(on) => *on,
        Value::Number(number) => number.as_i64() == Some(1),
        Value::String(text) => {
            ["1", "true", "yes", "on"].contains(&text.trim().to_ascii_lowercase().as_str())
        }
        _ => false,
    }
}

fn login(text: &str, now_unix_ms: i64) -> Login {
    let Some(file) = parsed(text) else { return Login::Empty };
    let login = &file["claudeAiOauth"];
    let renewable = is_set(&login["refreshToken"]);
    let until_unix_ms = login["expiresAt"].as_i64();
    match (is_set(&login["accessToken"]), until_unix_ms) {
        (true, None) => Login::Valid { until_unix_ms: None },
        (true, Some(until)) if until > now_unix_ms => Login::Valid { until_unix_ms: Some(until) },
        _ if renewable => Login::Renewable,
        (true, Some(since_unix_ms)) => Login::Expired { since_unix_ms },
        (false, _) => Login::Empty,
    }
}

fn parsed(text: &str) -> Option<Value> {
    serde_json::from_str(text).ok().filter(Value::is_object)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_790_000_000_000;

    fn of(places: Places<'_>) -> Vec<Source> {
        sources(&places, NOW)
    }

    fn login_of(oauth: &str) -> Login {
        login(&format!(r#"{{"claudeAiOauth":{oauth}}}"#), NOW)
    }

    #[test]
    fn variables_count_where_they_are_set_and_switches_where_they_are_on() {
        let environment = [
            ("ANTHROPIC_API_KEY", "sk-secret"),
            ("ANTHROPIC_AUTH_TOKEN", " "),
            ("CLAUDE_CODE_USE_BEDROCK", "0"),
            ("CLAUDE_CODE_USE_VERTEX", "true"),
            ("HOME", "/home/u"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let place = Place::Environment;
        let found = of(Places { environment: &environment, ..Places::default() });
        assert_eq!(
            found,
            [
                Source::Secret { name: "ANTHROPIC_API_KEY", place },
                Source::Cloud { name: "CLAUDE_CODE_USE_VERTEX", place }
            ]
        );
        assert!(!format!("{found:?}").contains("secret"));
    }

    #[test]
    fn settings_of_user_and_host_are_read_and_told_apart() {
        let user = r#"{"apiKeyHelper":"get-key","env":{"CLAUDE_CODE_USE_BEDROCK":1}}"#;
        let host = r#"{"awsAuthRefresh":"","env":{"CLAUDE_CODE_OAUTH_TOKEN":"t"}}"#;
        let found = of(Places { settings: Some(user), managed: Some(host), ..Places::default() });
        assert_eq!(
            found,
            [
                Source::Helper { name: "apiKeyHelper", place: Place::UserSettings },
                Source::Cloud { name: "CLAUDE_CODE_USE_BEDROCK", place: Place::UserSettings },
                Source::Secret { name: "CLAUDE_CODE_OAUTH_TOKEN", place: Place::ManagedSettings },
            ]
        );
    }

    #[test]
    fn a_login_is_judged_by_its_times() {
        let later = NOW + 1;
        let valid = login_of(&format!(r#"{{"accessToken":"a","expiresAt":{later}}}"#));
        assert_eq!(valid, Login::Valid { until_unix_ms: Some(later) });
        assert_eq!(login_of(r#"{"accessToken":"a"}"#), Login::Valid { until_unix_ms: None });
        let old = r#"{"accessToken":"a","expiresAt":5,"refreshToken":"r"}"#;
        assert_eq!(login_of(old), Login::Renewable);
        let dead = login_of(r#"{"accessToken":"a","expiresAt":5}"#);
        assert_eq!(dead, Login::Expired { since_unix_ms: 5 });
        for stub in ["{}", "null", r#"{"accessToken":"","refreshToken":""}"#] {
            assert_eq!(login_of(stub), Login::Empty, "{stub}");
        }
        assert_eq!(login("{bad", NOW), Login::Empty);
        assert!(!Source::Login(dead).is_usable() && Source::Login(Login::Renewable).is_usable());
    }

    #[test]
    fn a_console_login_leaves_a_key() {
        let global = Some(r#"{"primaryApiKey":"sk"}"#);
        assert_eq!(of(Places { global, ..Places::default() }), [Source::ConsoleKey]);
        assert_eq!(of(Places { global: Some("{}"), ..Places::default() }), []);
    }
}

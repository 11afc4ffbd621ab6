//! Variables that an adviser does not get: what looks like a secret of the user's, and is none of those by
//! which Claude Code itself asks. Its tools inherit its environment, and what a shell reads it can send.
//!
//! A list of names is never complete, so words in them count; and what a value gives away counts too.

/// Words that make a name a secret's wherever they are in it.
const WITHIN: [&str; 7] =
    ["ACCESS_KEY", "CREDENTIAL", "OP_SESSION_", "PASSPHRASE", "PASSWD", "PASSWORD", "SECRET"];

/// The same as a word between underscores, and with a number behind it; the plural of tokens is a number.
const WORDS: [&str; 10] =
    ["APIKEY", "COOKIE", "CRED", "CREDS", "DSN", "JWT", "PASS", "PAT", "PSK", "TOKEN"];

/// The same, but not as the first of several: `PW_TEST` and `KEY_REPEAT` say nothing.
const LATER_WORDS: [&str; 4] = ["KEY", "KEYS", "PW", "PWD"];

/// Git's settings, of which each key stands beside a value that goes by what it is.
const GITS_KEYS: &str = "GIT_CONFIG_KEY_";

/// The same at its end.
const AT_END: [&str; 7] = ["COOKIE", "KEY", "PW", "TOKEN", "_AUTH", "_AUTH_CONFIG", "_SESSION"];

/// Ways to somebody who has secrets.
const WAYS: [&str; 4] = ["GPG_AGENT_INFO", "KRB5CCNAME", "SSH_AGENT_PID", "SSH_AUTH_SOCK"];

/// What Claude Code's own variables begin with.
const CLAUDE_CODES: [&str; 2] = ["ANTHROPIC_", "CLAUDE_"];

/// Of inherited variables the names of those to leave out. `families` are beginnings of names that the
/// chosen cloud's tools read; `gives_away` tells whether a value holds a secret.
pub(crate) fn withheld<'a>(
    inherited: &'a [(String, String)],
    families: &[&str],
    gives_away: &dyn Fn(&str) -> bool,
) -> Vec<&'a str> {
    let goes = |name: &str, value: &str| {
        !is_used(name, families) && (is_secret(name) || gives_away(value))
    };
    let gone = inherited.iter().filter(|(name, value)| goes(name, value));
    gone.map(|(name, _)| name.as_str()).collect()
}

/// Claude Code needs it; of proxies the password too.
fn is_used(name: &str, families: &[&str]) -> bool {
    let begins = |start: &&str| name.starts_with(*start);
    CLAUDE_CODES.iter().any(begins)
        || families.iter().any(begins)
        || name.to_ascii_uppercase().ends_with("_PROXY")
}

fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    WAYS.contains(&name.as_str())
        || WITHIN.iter().any(|word| name.contains(word))
        || AT_END.iter().any(|word| name.ends_with(word))
        || has_word(&name)
}

fn has_word(name: &str) -> bool {
    let words = name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let words = words.map(|word| word.trim_end_matches(|c: char| c.is_ascii_digit()));
    let mut words = words.enumerate();
    words.any(|(at, word)| {
        let is_later = at > 0 && !name.starts_with(GITS_KEYS);
        WORDS.contains(&word) || is_later && LATER_WORDS.contains(&word)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(names: &[&str], families: &[&str]) -> Vec<String> {
        let all: Vec<_> = names.iter().map(|name| ((*name).to_owned(), "v".to_owned())).collect();
        withheld(&all, families, &|_| false).into_iter().map(str::to_owned).collect()
    }

    #[test]
    fn what_looks_like_a_secret_goes() {
        let names = [
            "GITHUB_TOKEN",
            "GH_TOKEN",
            "NPM_TOKEN",
            "npm_config_//registry.npmjs.org/:_authToken",
            "AWS_SECRET_ACCESS_KEY",
            "AWS_ACCESS_KEY_ID",
            "AWS_SESSION_TOKEN",
            "OPENAI_API_KEY",
            "STRIPE_SECRET",
            "CLIENT_SECRET_JSON",
            "PGPASSWORD",
            "MYSQL_PWD",
            "DB_PASS",
            "VAULT_PASSWD_FILE",
            "BORG_PASSPHRASE",
            "GOOGLE_APPLICATION_CREDENTIALS",
            "AZURE_CLIENT_SECRET",
            "GITLAB_PAT",
            "SENTRY_DSN",
            "COMPOSER_AUTH",
            "DOCKER_AUTH_CONFIG",
            "BW_SESSION",
            "OP_SESSION_my",
            "GCP_CREDS",
            "PASS",
            "PASS_PROD",
            "PW",
            "MY_PW",
            "DB_PW_2",
            "DB_PWD_PROD",
            "JWT",
            "JWT_PROD",
            "TOKEN_GITHUB",
            "GITHUB_TOKEN_PROD",
            "GITHUB_TOKEN2",
            "HEROKU_API_KEY_2",
            "OPENAI_API_KEYS",
            "PRIVATE_KEY_PEM",
            "APIKEY_PROD",
            "SENTRY_DSN_PROD",
            "SECRETS",
            "PASSWORD_FILE",
            "SSH_AUTH_SOCK",
            "SSH_AGENT_PID",
            "GPG_AGENT_INFO",
            "KRB5CCNAME",
        ];
        assert_eq!(of(&names, &[]), names);
    }

    #[test]
    fn what_claude_code_asks_by_and_what_is_no_secret_stays() {
        let names = [
            "PATH",
            "HOME",
            "PWD",
            "OLDPWD",
            "LANG",
            "TERM_SESSION_ID",
            "DBUS_SESSION_BUS_ADDRESS",
            "KEYBOARD",
            "KEY_REPEAT",
            "KEYTIMEOUT",
            "PW_TEST_REPORT",
            "GIT_CONFIG_KEY_0",
            "XDG_SESSION_TYPE",
            "COMPASS",
            "BYPASS",
            "PATTERN",
            "MAX_THINKING_TOKENS",
            "ANTHROPIC_API_KEY",
            "ANTHROPIC_AUTH_TOKEN",
            "CLAUDE_CODE_OAUTH_TOKEN",
            "CLAUDE_CODE_CLIENT_KEY_PASSPHRASE",
            "HTTPS_PROXY",
            "https_proxy",
            "NODE_EXTRA_CA_CERTS",
        ];
        assert_eq!(of(&names, &[]), [""; 0]);
    }

    #[test]
    fn a_clouds_variables_stay_where_it_was_chosen() {
        let names = ["AWS_SECRET_ACCESS_KEY", "AZURE_CLIENT_SECRET"];
        assert_eq!(of(&names, &["AWS_"]), ["AZURE_CLIENT_SECRET"]);
    }

    #[test]
    fn a_value_that_gives_a_secret_away_goes_whatever_its_name() {
        let names = ["DATABASE_URL", "HTTPS_PROXY", "EDITOR"];
        let all = names.map(|name| (name.to_owned(), format!("{name} u:p@h")));
        let holds = |value: &str| !value.starts_with("EDITOR");
        assert_eq!(withheld(&all, &[], &holds), ["DATABASE_URL"], "a proxy is needed");
    }
}

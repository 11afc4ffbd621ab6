//! The `error` document: what a command prints under `--json` when it could not do its work.

use serde::Serialize;

use super::SCHEMA_VERSION;

#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct ErrorDocument<'a> {
    schema_version: u32,
    error: ErrorBody<'a>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct ErrorBody<'a> {
    code: &'a str,
    message: &'a str,
    hint: Option<&'a str>,
    exit_code: i32,
}

/// Renders one error: `code` for programs, `message` (what happened) and `hint` (what to do) for
/// people, and the exit code that the process ends with.
pub(crate) fn error<'a>(
    code: &'a str,
    message: &'a str,
    hint: Option<&'a str>,
    exit_code: i32,
) -> ErrorDocument<'a> {
    ErrorDocument {
        schema_version: SCHEMA_VERSION,
        error: ErrorBody { code, message, hint, exit_code },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_has_exactly_the_documented_shape() {
        let document = error("no_such_job", "There is no job abcdef.", None, 66);
        assert_eq!(
            serde_json::to_string(&document).expect("json"),
            r#"{"schema_version":1,"error":{"code":"no_such_job","message":"There is no job abcdef.","hint":null,"exit_code":66}}"#
        );
    }
}

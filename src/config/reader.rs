//! What a key takes: one reader for each kind of value, whatever place the value was found in.
//!
//! A reader gives the value or says why it does not fit; where it was found is the caller's to say.

use std::time::Duration;

use super::duration::{self, DURATION_FORMS, Limit, parse_duration};

/// A value as one of the places gave it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Found {
    /// Text without a type, from the environment: each reader takes it in its own way.
    Word(String),
    Text(String),
    Integer(i64),
    Float(f64),
    Bool(bool),
    List(Vec<Found>),
    /// A table, whose keys are looked at by themselves.
    Table,
    /// What no key takes, by the name of its kind.
    Other(&'static str),
}

impl Found {
    /// What was found, for a message.
    pub(crate) fn describe(&self) -> String {
        match self {
            Found::Word(text) => format!("{text:?}"),
            Found::Text(text) => format!("the string {text:?}"),
            Found::Integer(number) => format!("the integer {number}"),
            Found::Float(number) => format!("the number {number}"),
            Found::Bool(value) => value.to_string(),
            Found::List(items) => {
                let items: Vec<String> = items.iter().map(Found::describe).collect();
                format!("the list [{}]", items.join(", "))
            }
            Found::Table => "a table".to_owned(),
            Found::Other(kind) => (*kind).to_owned(),
        }
    }

    fn text(&self) -> Option<&str> {
        match self {
            Found::Word(text) | Found::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// Why a value does not fit.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Unfit {
    /// It is not of the kind that [`Reader::accepts`] names.
    Kind,
    /// It has a reason of its own, in a whole sentence without its full stop.
    Because(String),
}

/// One kind of value.
#[derive(Clone, Copy)]
pub(crate) struct Reader<T> {
    /// What it takes, to follow the words "takes".
    pub(crate) accepts: &'static str,
    /// An example in TOML, for a key whose default is nothing.
    pub(crate) example: &'static str,
    pub(crate) read: fn(&Found) -> Result<T, Unfit>,
}

pub(crate) const EFFORTS: [&str; 5] = ["low", "medium", "high", "xhigh", "max"];

/// The tools that an adviser may be given, as Claude Code names them.
pub(crate) const TOOLS: [&str; 4] = ["Read", "Grep", "Glob", "Bash"];

pub(crate) const SANDBOXES: [&str; 3] = ["auto", "require", "off"];

pub(crate) const PROGRAM: Reader<Option<String>> = Reader {
    accepts: "the name of a program on PATH, or an absolute path",
    example: "\"/opt/claude/bin/claude\"",
    read: |found| program(found).map(Some),
};

pub(crate) const TEXT: Reader<String> =
    Reader { accepts: "a string that is not blank", example: "\"…\"", read: text };

pub(crate) const EFFORT: Reader<String> = Reader {
    accepts: "one of low, medium, high, xhigh and max",
    example: "\"high\"",
    read: |found| {
        let name = text(found)?;
        if EFFORTS.contains(&name.as_str()) { Ok(name) } else { Err(Unfit::Kind) }
    },
};

pub(crate) const SANDBOX: Reader<String> = Reader {
    accepts: "one of auto, require and off",
    example: "\"require\"",
    read: |found| {
        let name = text(found)?;
        if SANDBOXES.contains(&name.as_str()) { Ok(name) } else { Err(Unfit::Kind) }
    },
};

pub(crate) const FILE: Reader<Option<String>> = Reader {
    accepts: "an absolute path, one that begins with ~/, or \"none\"",
    example: "\"~/.config/phone-opus/token\"",
    read: |found| if says_none(found) { Ok(None) } else { file(found).map(Some) },
};

pub(crate) const COUNT: Reader<u32> =
    Reader { accepts: "a whole number of 1 or more", example: "1", read: count };

pub(crate) const COUNT_OR_NONE: Reader<Option<u32>> = Reader {
    accepts: "a whole number of 1 or more, or \"none\"",
    example: "30",
    read: |found| if says_none(found) { Ok(None) } else { count(found).map(Some) },
};

pub(crate) const DOLLARS_OR_NONE: Reader<Option<f64>> = Reader {
    accepts: "US dollars as a number above 0, or \"none\"",
    example: "5.0",
    read: |found| if says_none(found) { Ok(None) } else { dollars(found).map(Some) },
};

pub(crate) const DURATION: Reader<Duration> =
    Reader { accepts: DURATION_FORMS, example: "\"5s\"", read: duration };

pub(crate) const LIMIT: Reader<Limit> = Reader {
    accepts: "a duration such as \"90s\", \"20m\", \"1.5h\", \"30d\", \"500ms\" or bare seconds, or \"off\"",
    example: "\"1h\"",
    read: limit,
};

pub(crate) const SWITCH: Reader<bool> =
    Reader { accepts: "true or false", example: "true", read: switch };

pub(crate) const TEXT_OR_FALSE: Reader<Option<String>> = Reader {
    accepts: "a string that is not blank, or false",
    example: "false",
    read: |found| match switch(found) {
        Ok(false) => Ok(None),
        _ => text(found).map(Some),
    },
};

pub(crate) const TOOL_LIST: Reader<Vec<String>> = Reader {
    accepts: "a list out of \"Read\", \"Grep\", \"Glob\" and \"Bash\", without repeats",
    example: "[\"Read\", \"Grep\", \"Glob\", \"Bash\"]",
    read: tools,
};

fn text(found: &Found) -> Result<String, Unfit> {
    match found.text() {
        Some(text) if !text.trim().is_empty() => Ok(text.to_owned()),
        _ => Err(Unfit::Kind),
    }
}

/// A relative path would name another program in every directory, a consulted project's included.
fn program(found: &Found) -> Result<String, Unfit> {
    let path = text(found)?;
    if path.contains('/') && !path.starts_with('/') { Err(Unfit::Kind) } else { Ok(path) }
}

fn file(found: &Found) -> Result<String, Unfit> {
    let path = text(found)?;
    if path.starts_with('/') || path.starts_with("~/") { Ok(path) } else { Err(Unfit::Kind) }
}

fn says_none(found: &Found) -> bool {
    matches!(found.text(), Some("none" | "off"))
}

fn count(found: &Found) -> Result<u32, Unfit> {
    let number = match found {
        Found::Integer(number) => u32::try_from(*number).ok(),
        Found::Word(word) => word.trim().parse().ok(),
        _ => None,
    };
    number.filter(|number| *number >= 1).ok_or(Unfit::Kind)
}

/// Reads what a flag says that counts something.
///
/// # Errors
/// One sentence on what is wrong.
pub(crate) fn parse_count(text: &str) -> Result<u32, String> {
    (COUNT.read)(&Found::Word(text.to_owned())).map_err(|_| format!("it takes {}", COUNT.accepts))
}

fn dollars(found: &Found) -> Result<f64, Unfit> {
    let number = match found {
        Found::Integer(number) => number.to_string().parse().ok(),
        Found::Float(number) => Some(*number),
        Found::Word(word) => word.trim().parse().ok(),
        _ => None,
    };
    number.filter(|number: &f64| number.is_finite() && *number > 0.0).ok_or(Unfit::Kind)
}

fn duration(found: &Found) -> Result<Duration, Unfit> {
    match found {
        Found::Word(text) | Found::Text(text) => parse_duration(text),
        Found::Integer(number) => parse_duration(&number.to_string()),
        Found::Float(number) => duration::seconds(*number),
        _ => return Err(Unfit::Kind),
    }
    .map_err(Unfit::Because)
}

fn limit(found: &Found) -> Result<Limit, Unfit> {
    if says_none(found) {
        return Ok(Limit::Off);
    }
    duration(found).map(|length| if length.is_zero() { Limit::Off } else { Limit::After(length) })
}

fn switch(found: &Found) -> Result<bool, Unfit> {
    match found {
        Found::Bool(value) => Ok(*value),
        Found::Word(word) => match word.trim() {
            "true" | "1" => Ok(true),
            "false" | "0" => Ok(false),
            _ => Err(Unfit::Kind),
        },
        _ => Err(Unfit::Kind),
    }
}

fn tools(found: &Found) -> Result<Vec<String>, Unfit> {
    let names: Vec<&str> = match found {
        Found::List(items) => {
            items.iter().map(Found::text).collect::<Option<_>>().ok_or(Unfit::Kind)?
        }
        Found::Word(word) => word.split(',').map(str::trim).collect(),
        _ => return Err(Unfit::Kind),
    };
    let known = names.iter().all(|name| TOOLS.contains(name));
    let once = (1..names.len()).all(|at| !names[..at].contains(&names[at]));
    if known && once && !names.is_empty() {
        Ok(names.into_iter().map(str::to_owned).collect())
    } else {
        Err(Unfit::Kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(text: &str) -> Found {
        Found::Word(text.to_owned())
    }

    #[test]
    fn text_of_the_environment_reads_as_any_kind() {
        assert_eq!((COUNT.read)(&word("7")), Ok(7));
        assert_eq!((DOLLARS_OR_NONE.read)(&word("2.5")), Ok(Some(2.5)));
        assert_eq!((SWITCH.read)(&word("1")), Ok(true));
        assert_eq!((TEXT_OR_FALSE.read)(&word("false")), Ok(None));
        assert_eq!((LIMIT.read)(&word("off")), Ok(Limit::Off));
        assert_eq!((TOOL_LIST.read)(&word("Read, Grep")), Ok(vec!["Read".into(), "Grep".into()]));
    }

    #[test]
    fn text_of_a_file_is_never_taken_for_a_number_or_a_switch() {
        assert_eq!((COUNT.read)(&Found::Text("7".to_owned())), Err(Unfit::Kind));
        assert_eq!((SWITCH.read)(&Found::Text("true".to_owned())), Err(Unfit::Kind));
        assert_eq!(
            (TEXT_OR_FALSE.read)(&Found::Text("false".to_owned())),
            Ok(Some("false".into()))
        );
    }

    #[test]
    fn numbers_outside_their_range_are_refused() {
        for wrong in [Found::Integer(0), Found::Integer(-1), Found::Integer(1 << 40), word("1.5")] {
            assert_eq!((COUNT.read)(&wrong), Err(Unfit::Kind), "{wrong:?}");
        }
        for wrong in
            [Found::Float(0.0), Found::Float(f64::NAN), Found::Float(f64::INFINITY), word("-1")]
        {
            assert_eq!((DOLLARS_OR_NONE.read)(&wrong), Err(Unfit::Kind), "{wrong:?}");
        }
    }

    #[test]
    fn a_program_is_never_looked_for_below_the_working_directory() {
        for right in ["claude", "/opt/claude"] {
            assert_eq!((PROGRAM.read)(&word(right)), Ok(Some(right.to_owned())));
        }
        for wrong in ["./claude", "bin/claude", " "] {
            assert_eq!((PROGRAM.read)(&word(wrong)), Err(Unfit::Kind), "{wrong}");
        }
    }

    #[test]
    fn a_file_is_named_so_that_it_means_the_same_everywhere() {
        for right in ["/k", "~/k"] {
            assert_eq!((FILE.read)(&word(right)), Ok(Some(right.to_owned())));
        }
        assert_eq!((FILE.read)(&word("none")), Ok(None));
        for wrong in ["k", "./k", "~other/k", " "] {
            assert_eq!((FILE.read)(&word(wrong)), Err(Unfit::Kind), "{wrong}");
        }
    }

    #[test]
    fn tools_that_are_unknown_repeated_or_missing_are_refused() {
        for wrong in ["", "Write", "Read,Read", "read"] {
            assert_eq!((TOOL_LIST.read)(&word(wrong)), Err(Unfit::Kind), "{wrong}");
        }
    }
}

//! How values are shown: as JSON, in the very form in which they are accepted.

use std::time::Duration;

use serde_json::Value;

use super::duration::{Limit, format_duration};
use super::problem::Origin;

/// One line of `config show`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    pub(crate) key: &'static str,
    /// The value as JSON; `null` where there is none.
    pub(crate) value: Value,
    pub(crate) origin: Origin,
}

/// A value that can be shown.
pub(super) trait Shown {
    fn shown(&self) -> Value;
}

impl Shown for String {
    fn shown(&self) -> Value {
        self.as_str().into()
    }
}

impl Shown for u32 {
    fn shown(&self) -> Value {
        (*self).into()
    }
}

impl Shown for f64 {
    fn shown(&self) -> Value {
        (*self).into()
    }
}

impl Shown for bool {
    fn shown(&self) -> Value {
        (*self).into()
    }
}

impl Shown for Duration {
    fn shown(&self) -> Value {
        format_duration(*self).into()
    }
}

impl Shown for Limit {
    fn shown(&self) -> Value {
        self.to_string().into()
    }
}

impl Shown for Vec<String> {
    fn shown(&self) -> Value {
        self.as_slice().into()
    }
}

impl<T: Shown> Shown for Option<T> {
    fn shown(&self) -> Value {
        self.as_ref().map_or(Value::Null, Shown::shown)
    }
}

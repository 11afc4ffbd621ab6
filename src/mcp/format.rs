//! How a result is wanted: porcelain or JSON, concise or full.

use rmcp::model::{CallToolResult, ContentBlock};
use serde_json::Value;

use crate::job::event;
pub(super) use crate::render::mcp::Detail;

/// How a result is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Format {
    pub(super) render: Render,
    pub(super) detail: Detail,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Render {
    #[default]
    Porcelain,
    Json,
}

impl Render {
    pub(super) fn parse(name: &str) -> Option<Self> {
        match name {
            "porcelain" => Some(Render::Porcelain),
            "json" => Some(Render::Json),
            _ => None,
        }
    }
}

pub(super) fn parse_detail(name: &str) -> Option<Detail> {
    match name {
        "concise" => Some(Detail::Concise),
        "full" => Some(Detail::Full),
        _ => None,
    }
}

impl Format {
    /// As a job keeps it whose answer is fetched later, perhaps from another server.
    pub(super) fn kept(self) -> event::Format {
        let render = match self.render {
            Render::Porcelain => "porcelain",
            Render::Json => "json",
        };
        let detail = match self.detail {
            Detail::Concise => "concise",
            Detail::Full => "full",
        };
        event::Format { render: render.to_owned(), detail: detail.to_owned() }
    }

    /// The same read back; what is not known is as if it had not been given.
    pub(super) fn of(kept: Option<&event::Format>) -> Self {
        kept.map_or_else(Self::default, |kept| Self {
            render: Render::parse(&kept.render).unwrap_or_default(),
            detail: parse_detail(&kept.detail).unwrap_or_default(),
        })
    }

    /// A tool's result in this format.
    pub(super) fn result(self, document: Value, text: String, is_error: bool) -> CallToolResult {
        let mut result = match self.render {
            Render::Porcelain => CallToolResult::success(vec![ContentBlock::text(text)]),
            Render::Json => CallToolResult::structured(document),
        };
        result.is_error = Some(is_error);
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_survives_being_kept() {
        for render in [Render::Porcelain, Render::Json] {
            for detail in [Detail::Concise, Detail::Full] {
                let format = Format { render, detail };
                assert_eq!(Format::of(Some(&format.kept())), format);
            }
        }
        let newer = event::Format { render: "xml".to_owned(), detail: String::new() };
        assert_eq!(Format::of(Some(&newer)), Format::default());
    }
}

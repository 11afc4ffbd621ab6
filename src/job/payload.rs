//! Events as JSON: the payload of a line, by the name of its event.

use super::event::{Event, Failed};
use crate::consult::failure::Failure;
use crate::consult::reply::Partial;

impl Event {
    /// A failure of which nothing else is known.
    pub(crate) fn failed(failure: Failure) -> Self {
        let partial = Partial::default();
        Event::Failed(Box::new(Failed { failure, partial, tree_after: None, recovered: false }))
    }

    /// Reads the payload of the event called `name`. An unknown name is no error; a known one whose
    /// payload does not fit is.
    pub(crate) fn from_parts(name: &str, data: &str) -> serde_json::Result<Self> {
        Ok(match name {
            "queued" => Event::Queued(serde_json::from_str(data)?),
            "started" => Event::Started(serde_json::from_str(data)?),
            "progress" => Event::Progress(serde_json::from_str(data)?),
            "cancel_requested" => Event::CancelRequested(serde_json::from_str(data)?),
            "succeeded" => Event::Succeeded(serde_json::from_str(data)?),
            "failed" => Event::Failed(serde_json::from_str(data)?),
            "cancelled" => Event::Cancelled(serde_json::from_str(data)?),
            "lost" => Event::Lost(serde_json::from_str(data)?),
            "pruned" => Event::Pruned(serde_json::from_str(data)?),
            _ => Event::Unknown(name.to_owned()),
        })
    }

    /// The payload as one line of JSON.
    pub(crate) fn data_json(&self) -> serde_json::Result<String> {
        match self {
            Event::Queued(data) => serde_json::to_string(data),
            Event::Started(data) => serde_json::to_string(data),
            Event::Progress(data) => serde_json::to_string(data),
            Event::CancelRequested(data) => serde_json::to_string(data),
            Event::Succeeded(data) => serde_json::to_string(data),
            Event::Failed(data) => serde_json::to_string(data),
            Event::Cancelled(data) => serde_json::to_string(data),
            Event::Lost(data) => serde_json::to_string(data),
            Event::Pruned(data) => serde_json::to_string(data),
            Event::Unknown(_) => Ok("{}".to_owned()),
        }
    }
}

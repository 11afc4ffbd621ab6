//! The requests in flight: under which id the peer knows each of them, and since when.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rmcp::model::{
    CancelledNotification, CancelledNotificationParam, ClientJsonRpcMessage, JsonRpcMessage,
    NumberOrString, RequestId, ServerJsonRpcMessage, ServerResult,
};
use serde::Serialize;
use serde_json::value::RawValue;
use tokio::sync::Notify;

/// How a request ended, for the telemetry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Succeeded,
    Failed,
    /// The peer wants no answer any more.
    Cancelled,
}

/// One request that is over.
pub(crate) struct Settled<'a> {
    pub(crate) label: &'a str,
    pub(crate) outcome: Outcome,
    pub(crate) took: Duration,
}

type Watcher = Box<dyn Fn(&Settled<'_>) + Send + Sync>;

/// All requests that are not answered yet.
pub(crate) struct Flight {
    aloft: Mutex<Aloft>,
    landed: Notify,
    watcher: Watcher,
}

#[derive(Default)]
struct Aloft {
    last: i64,
    requests: HashMap<i64, Request>,
}

struct Request {
    /// As the peer wrote it.
    id: Box<RawValue>,
    label: String,
    since: Instant,
}

impl Flight {
    /// `watcher` hears of each request that is over.
    pub(crate) fn new(watcher: impl Fn(&Settled<'_>) + Send + Sync + 'static) -> Self {
        Self { aloft: Mutex::default(), landed: Notify::new(), watcher: Box::new(watcher) }
    }

    /// Whether every request has its answer.
    pub(crate) fn is_empty(&self) -> bool {
        self.lock().requests.is_empty()
    }

    /// Waits until fewer than `limit` are in flight.
    pub(super) async fn below(&self, limit: usize) {
        loop {
            let landed = self.landed.notified();
            if self.lock().requests.len() < limit {
                return;
            }
            landed.await;
        }
    }

    /// Gives a request a number of our own, under which the SDK sees it.
    pub(super) fn depart(
        &self,
        id: Box<RawValue>,
        label: String,
        mut message: ClientJsonRpcMessage,
    ) -> ClientJsonRpcMessage {
        let mut aloft = self.lock();
        aloft.last += 1;
        let number = aloft.last;
        aloft.requests.insert(number, Request { id, label, since: Instant::now() });
        if let JsonRpcMessage::Request(request) = &mut message {
            request.id = NumberOrString::Number(number);
        }
        message
    }

    /// The cancellations that follow from one on the wire. Their requests are over: the SDK drops
    /// what their handlers still say.
    pub(super) fn cancel(&self, id: &str, reason: Option<&str>) -> Vec<ClientJsonRpcMessage> {
        let mut aloft = self.lock();
        let meant = |request: &Request| request.id.get() == id;
        let numbers: Vec<i64> = aloft
            .requests
            .iter()
            .filter(|(_, request)| meant(request))
            .map(|(&number, _)| number)
            .collect();
        let gone: Vec<Request> =
            numbers.iter().filter_map(|number| aloft.requests.remove(number)).collect();
        drop(aloft);
        for request in &gone {
            self.settle(request, Outcome::Cancelled);
        }
        numbers.into_iter().map(|number| cancellation(number, reason)).collect()
    }

    /// The line for something that the SDK sends; none for an answer that nobody waits for.
    pub(super) fn arrive(&self, message: ServerJsonRpcMessage) -> Option<Vec<u8>> {
        match message {
            JsonRpcMessage::Response(response) => {
                let request = self.land(&response.id)?;
                let failed = matches!(
                    &response.result,
                    ServerResult::CallToolResult(result) if result.is_error == Some(true)
                );
                self.settle(&request, if failed { Outcome::Failed } else { Outcome::Succeeded });
                let (id, result) = (&*request.id, &response.result);
                Some(line(&Answer { jsonrpc: "2.0", id, result }))
            }
            JsonRpcMessage::Error(error) => {
                let request = self.land(error.id.as_ref()?)?;
                self.settle(&request, Outcome::Failed);
                let (id, error) = (&*request.id, &error.error);
                Some(line(&ErrorAnswer { jsonrpc: "2.0", id, error }))
            }
            other => Some(line(&other)),
        }
    }

    /// Notes a line that was refused before it was a request.
    pub(super) fn refused(&self) {
        let took = Duration::ZERO;
        (self.watcher)(&Settled { label: "malformed", outcome: Outcome::Failed, took });
    }

    fn land(&self, id: &RequestId) -> Option<Request> {
        let NumberOrString::Number(number) = id else { return None };
        self.lock().requests.remove(number)
    }

    fn settle(&self, request: &Request, outcome: Outcome) {
        self.landed.notify_waiters();
        let took = request.since.elapsed();
        (self.watcher)(&Settled { label: &request.label, outcome, took });
    }

    fn lock(&self) -> MutexGuard<'_, Aloft> {
        self.aloft.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Serialize)]
struct Answer<'a> {
    jsonrpc: &'static str,
    id: &'a RawValue,
    result: &'a ServerResult,
}

#[derive(Serialize)]
struct ErrorAnswer<'a> {
    jsonrpc: &'static str,
    id: &'a RawValue,
    error: &'a rmcp::ErrorData,
}

fn cancellation(number: i64, reason: Option<&str>) -> ClientJsonRpcMessage {
    let id = Some(NumberOrString::Number(number));
    let params = CancelledNotificationParam::new(id, reason.map(str::to_owned));
    JsonRpcMessage::notification(CancelledNotification::new(params).into())
}

/// A value as one line with its newline.
pub(super) fn line(value: &impl Serialize) -> Vec<u8> {
    let mut line = serde_json::to_vec(value).expect("keys are strings, and no map here fails");
    line.push(b'\n');
    line
}

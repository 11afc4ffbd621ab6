//! Standard input and output as a transport for the MCP SDK: one JSON text a line, both ways.
//!
//! What it promises, whatever a peer sends:
//! - Every request gets exactly one answer, also one that is malformed, giant, too deep or mistyped,
//!   and also where its id is in use already: ids are translated to numbers of our own and back.
//! - Nothing that is no request can end the server: the SDK sees requests and the cancellations of
//!   requests in flight, and nothing else.
//! - Memory is bounded: nothing is read while the peer does not take its answers.
//! - Standard output carries JSON lines only.
//!
//! Two threads do the blocking calls, and the runtime needs no I/O of its own: a reader that turns
//! bytes into lines, and a writer.

mod flight;
mod frame;
mod identify;
mod input;
mod lines;
mod output;

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;

use rmcp::RoleServer;
use rmcp::model::{ClientJsonRpcMessage, ServerJsonRpcMessage};
use rmcp::transport::Transport;
use tokio::sync::mpsc;

use super::end::End;

pub(super) use flight::{Flight, Outcome, Settled};
use frame::Frame;
pub(super) use identify::Finder;
pub(super) use input::{Input, Rest};
pub(super) use lines::{Line, Lines};
pub(super) use output::Output;

/// Most requests in flight: as long as there are so many, no further one is read.
const IN_FLIGHT_MAX: usize = 512;

/// The transport.
pub(super) struct Stdio {
    lines: mpsc::Receiver<Line>,
    output: Arc<Output>,
    flight: Arc<Flight>,
    end: End,
    /// One cancellation on the wire may mean several requests.
    ready: VecDeque<ClientJsonRpcMessage>,
}

impl Stdio {
    pub(super) fn new(
        lines: mpsc::Receiver<Line>,
        output: Arc<Output>,
        flight: Arc<Flight>,
        end: End,
    ) -> Self {
        Self { lines, output, flight, end, ready: VecDeque::new() }
    }

    /// The next line that there is room for; `None` at the end.
    async fn line(&mut self) -> Option<Line> {
        tokio::select! {
            biased;
            () = self.output.room() => {}
            // A peer that has gone, and takes no answers: for nobody.
            () = self.left_unread() => return None,
        }
        self.flight.below(IN_FLIGHT_MAX).await;
        self.lines.recv().await
    }

    async fn left_unread(&self) {
        self.end.left().await;
        tokio::time::sleep(output::FLUSH_LIMIT).await;
        self.end.now();
    }

    /// Takes in one line; answers what cannot be passed on.
    fn take(&mut self, line: &Line) {
        match frame::judge(line) {
            Frame::Ignored => {}
            Frame::Refused(refusal) => {
                self.flight.refused();
                self.output.push(refusal.encode());
            }
            Frame::Request { id, label, message } => {
                self.ready.push_back(self.flight.depart(id, label, *message));
            }
            Frame::Cancelled { id, reason } => {
                self.ready.extend(self.flight.cancel(id.get(), reason.as_deref()));
            }
        }
    }
}

impl Transport<RoleServer> for Stdio {
    type Error = io::Error;

    fn send(
        &mut self,
        item: ServerJsonRpcMessage,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send + 'static {
        if let Some(line) = self.flight.arrive(item) {
            self.output.push(line);
        }
        std::future::ready(Ok(()))
    }

    /// May be dropped and called again at any time: between taking a line and returning what it led
    /// to there is nothing to wait for.
    async fn receive(&mut self) -> Option<ClientJsonRpcMessage> {
        loop {
            if let Some(message) = self.ready.pop_front() {
                return Some(message);
            }
            let end = self.end.clone();
            let line = tokio::select! {
                biased;
                line = self.line() => line?,
                () = end.cut() => return None,
            };
            self.take(&line);
        }
    }

    async fn close(&mut self) -> Result<(), Self::Error> {
        self.output.flush().await;
        Ok(())
    }
}

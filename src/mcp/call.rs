//! One tool call: what it may use, and how it waits.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use futures::FutureExt;
use rmcp::RoleServer;
use rmcp::model::{ProgressNotificationParam, ProgressToken};
use rmcp::service::{Peer, RequestContext};
use tokio::time::{Instant as Deadline, interval_at, sleep_until};
use tokio_util::sync::CancellationToken;

use super::fault::{Fault, Stage};
use super::shared::Shared;
use super::{clients, tasks};
use crate::failure::Failure;
use crate::job::fold::Job;
use crate::job::id::JobId;
use crate::journal::place::State;

/// How often a waiting call says that it is alive. By time and not by event: what matters to a
/// client is that something comes.
const PROGRESS_EVERY: Duration = Duration::from_secs(5);
const FIRST_PROGRESS: Duration = Duration::from_secs(1);

/// One call.
pub(super) struct Call {
    pub(super) shared: Arc<Shared>,
    /// The client takes a task in place of an answer that it would have to wait for.
    pub(super) wants_task: bool,
    /// How long the client waits for an answer.
    pub(super) answer_within: Duration,
    begun: Instant,
    cancelled: CancellationToken,
    progress: Option<(Peer<RoleServer>, ProgressToken)>,
}

/// Why a wait is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Woken {
    /// What was waited for has come.
    Ended,
    /// The client would give up next.
    TimedOut,
    /// The client wants no answer any more, or is gone.
    Abandoned,
    /// The server is about to become its successor.
    WindingDown,
}

impl Call {
    pub(super) fn new(shared: Arc<Shared>, context: RequestContext<RoleServer>) -> Self {
        let client = context.client_info();
        let answer_within = clients::answer_within(client.as_ref().map(|client| &*client.name));
        let token = context.meta.get_progress_token();
        Self {
            shared,
            wants_task: tasks::wanted(&context),
            answer_within,
            begun: Instant::now(),
            cancelled: context.ct,
            progress: token.map(|token| (context.peer, token)),
        }
    }

    /// Looks at something, beside everything else. A client that does not take its answers is not
    /// worked for: they would pile up.
    pub(super) async fn look<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Shared) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Fault> {
        let shared = &self.shared;
        let looking = async {
            let _turn = shared.lanes.looks.acquire().await;
            shared.output.room().await;
            self.blocking(Stage::Query, work).await
        };
        tokio::select! {
            biased;
            done = looking => done,
            () = shared.end.last_moment() => Err(Fault::ending(Stage::Query)),
        }
    }

    /// Submits. At the end of the server one whose job is not in the log yet is withdrawn; one whose
    /// job is there is waited for.
    pub(super) async fn submit<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Shared) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Fault> {
        let shared = &self.shared;
        let working = async {
            let _turn = shared.lanes.submissions.acquire().await;
            self.blocking(Stage::Submit, work).await
        };
        tokio::pin!(working);
        tokio::select! {
            biased;
            done = &mut working => return done,
            () = shared.end.last_moment() => shared.gate.close(),
        }
        // Another one's passage is no reason to wait for long: it is over within milliseconds.
        if shared.gate.is_empty() { Err(Fault::ending(Stage::Submit)) } else { working.await }
    }

    /// Asks for the end of a job. Waited for at the end too: it is what ends the spending.
    pub(super) async fn cancel<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Shared) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Fault> {
        let _turn = self.shared.lanes.cancels.acquire().await;
        self.blocking(Stage::Query, work).await
    }

    /// Runs something that blocks, in the lane that its caller has. A panic in it becomes a fault.
    async fn blocking<T: Send + 'static>(
        &self,
        stage: Stage,
        work: impl FnOnce(&Shared) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Fault> {
        let shared = Arc::clone(&self.shared);
        match tokio::task::spawn_blocking(move || work(&shared)).await {
            Ok(done) => done.map_err(|failure| Fault::of(&failure, stage)),
            Err(_) => Err(Fault::internal("the call broke off inside")),
        }
    }

    /// A job as it stands.
    pub(super) async fn job(&self, id: JobId) -> Result<(State, Job), Fault> {
        // Nothing blocks in that, so no thread is woken for it. Who takes no answers waits below.
        if self.shared.output.room().now_or_never().is_some()
            && let Some(ended) = self.shared.ended(id)
        {
            return Ok(ended);
        }
        let found = self.look(move |shared| shared.job(id));
        found.await?.ok_or_else(|| Fault::no_such_job(id))
    }

    /// Waits for the end of all jobs, or of any of them, at most `limit` from the call's beginning.
    pub(super) async fn until_ended(
        &self,
        state: &State,
        jobs: &[JobId],
        any: bool,
        limit: Duration,
    ) -> Woken {
        let deadline = Deadline::from_std(self.begun + limit);
        tokio::select! {
            biased;
            () = self.ends(state, jobs, any) => Woken::Ended,
            () = self.cancelled.cancelled() => Woken::Abandoned,
            () = self.shared.end.left() => {
                let goes_on = self.shared.is_replacing.load(Ordering::Relaxed);
                if goes_on { Woken::WindingDown } else { Woken::Abandoned }
            }
            () = sleep_until(deadline) => Woken::TimedOut,
            () = self.say_progress() => Woken::TimedOut,
        }
    }

    async fn ends(&self, state: &State, jobs: &[JobId], any: bool) {
        let waits = jobs.iter().map(|&job| Box::pin(self.shared.ends.wait(state, job)));
        if any {
            futures::future::select_all(waits).await;
        } else {
            futures::future::join_all(waits).await;
        }
    }

    /// Tells the client by time that the call is alive; never returns.
    async fn say_progress(&self) {
        let Some((peer, token)) = &self.progress else { return pending().await };
        let mut beat = interval_at(Deadline::now() + FIRST_PROGRESS, PROGRESS_EVERY);
        loop {
            beat.tick().await;
            let seconds = self.begun.elapsed().as_secs_f64();
            let param = ProgressNotificationParam::new(token.clone(), seconds)
                .with_message(format!("still running after {seconds:.0} s"));
            let _ = peer.notify_progress(param).await;
        }
    }
}

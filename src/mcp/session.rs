//! One server's life: start, serve, and either end or become the next version and go on.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rmcp::service::{RunningService, serve_directly, serve_server};
use rmcp::{RoleServer, ServerHandler};
use rustix::event::{PollFd, PollFlags, poll};
use serde_json::json;
use signal_hook::consts::{SIGINT, SIGTERM};
use tokio::runtime::Builder;
use tokio_util::sync::CancellationToken;

use super::desk::Desk;
use super::ends::Ends;
use super::rollout::{self, Carried, Launched};
use super::server::Server;
use super::shared::Shared;
use super::telemetry::Telemetry;
use super::transport::{Flight, Input, Lines, Output, Rest, Stdio};
use crate::failure::{Exit, Failure};
use crate::runner::signals::Heard;

/// How often the launch path is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Threads for what blocks: looks at the log are short, and a submission waits for its handshake.
const BLOCKING_THREADS: usize = 16;

/// Serves until the end of input or a signal. `resume` is the descriptor with what an earlier
/// version of this server handed on.
pub(crate) fn serve(desk: &Arc<dyn Desk>, resume: Option<u32>) -> Result<Exit, Failure> {
    let failed = |error: io::Error| {
        Failure::new(Exit::StateIo, "mcp", "the MCP server could not start").caused_by(error)
    };
    let mut carried = match resume {
        Some(descriptor) => rollout::receive(descriptor).map_err(failed)?,
        None => Carried { started_unix_ms: (desk.clock().unix_ms)(), ..Carried::default() },
    };
    let runtime = Builder::new_current_thread()
        .enable_time()
        .max_blocking_threads(BLOCKING_THREADS)
        .build()
        .map_err(failed)?;
    // A successor that cannot be executed after all leaves this one serving.
    while let Some((path, handed_on)) =
        runtime.block_on(run(Arc::clone(desk), carried)).map_err(failed)?
    {
        let error = rollout::become_successor(&path, &handed_on);
        carried = handed_on;
        carried.generations -= 1;
        carried.last_fault = Some(json!({ "code": "rollout_failed", "detail": error.to_string() }));
    }
    runtime.shutdown_background();
    Ok(Exit::Succeeded)
}

type Successor = (std::path::PathBuf, Carried);

/// One generation. Gives what the next one needs, if there is to be one.
async fn run(desk: Arc<dyn Desk>, mut carried: Carried) -> io::Result<Option<Successor>> {
    let lines = Lines::resume(std::mem::take(&mut carried.rest), carried.giant.take());
    let shared = Arc::new(shared(desk, &carried));
    let ending = shared.winding_down.clone();
    let (input, received) = Input::start(lines, cancels(&ending))?;
    let input = Arc::new(input);
    let output = Output::start(cancels(&ending))?;
    end_on_signals(&ending, &input)?;
    let noted = Arc::clone(&shared);
    let flight = Arc::new(Flight::new(move |settled| noted.telemetry.note(settled)));
    let rollout = Rollout {
        shared: Arc::clone(&shared),
        input: Arc::clone(&input),
        output: Arc::clone(&output),
        flight: Arc::clone(&flight),
    };
    let rollout = Arc::new(rollout);
    let watching = tokio::spawn(watch(Arc::clone(&rollout)));
    let transport = Stdio::new(received, output, flight, ending.clone());
    let server = Server { shared: Arc::clone(&shared) };
    let running = match carried.client {
        Some(client) => Ok(serve_directly(server, transport, Some(client))),
        None => serve_server(server, transport).await,
    };
    // An error here is the end of input before anything was asked.
    if let Ok(running) = running {
        wait(running).await;
    }
    watching.abort();
    ending.cancel();
    Ok(rollout.successor())
}

async fn wait<S: ServerHandler>(running: RunningService<RoleServer, S>) {
    let _ = running.waiting().await;
}

fn shared(desk: Arc<dyn Desk>, carried: &Carried) -> Shared {
    let launched = Launched::new(desk.launch_path());
    Shared {
        desk,
        ends: Ends::default(),
        telemetry: Telemetry::resume(carried.telemetry.clone()),
        launched,
        generation: carried.generations + 1,
        started_unix_ms: carried.started_unix_ms,
        begun: Instant::now(),
        client: Mutex::new(carried.client.clone()),
        initialized: AtomicBool::new(carried.client.is_some()),
        winding_down: CancellationToken::new(),
        is_replacing: AtomicBool::new(false),
        last_fault: Mutex::new(carried.last_fault.clone()),
        state: OnceLock::new(),
    }
}

fn cancels(ending: &CancellationToken) -> impl FnOnce() + Send + 'static {
    let ending = ending.clone();
    move || ending.cancel()
}

/// SIGINT and SIGTERM end the server, whatever it does: a thread of its own hears them.
fn end_on_signals(ending: &CancellationToken, input: &Arc<Input>) -> io::Result<()> {
    let heard = Heard::listen(&[SIGINT, SIGTERM]).map_err(io::Error::other)?;
    let (ending, input) = (ending.clone(), Arc::clone(input));
    thread::Builder::new().name("mcp-signals".to_owned()).spawn(move || {
        while poll(&mut [PollFd::new(&heard, PollFlags::IN)], None).is_err() {}
        ending.cancel();
        input.stop();
    })?;
    Ok(())
}

/// Everything that must be at rest before this process may become another program.
struct Rollout {
    shared: Arc<Shared>,
    input: Arc<Input>,
    output: Arc<Output>,
    flight: Arc<Flight>,
}

/// Looks for a successor by time, and stops the server when there is one and nothing is in flight.
async fn watch(rollout: Arc<Rollout>) {
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        let looking = Arc::clone(&rollout.shared);
        let ready = tokio::task::spawn_blocking(move || {
            looking.launched.is_ready() && looking.launched.runs()
        });
        let is_idle = || rollout.flight.is_empty() && rollout.output.is_empty();
        if ready.await.unwrap_or(false) && is_idle() {
            rollout.shared.is_replacing.store(true, Ordering::Relaxed);
            rollout.shared.winding_down.cancel();
            rollout.input.stop();
            return;
        }
    }
}

impl Rollout {
    /// What the successor needs, where one was decided on and the peer is still there.
    fn successor(&self) -> Option<Successor> {
        if !self.shared.is_replacing.load(Ordering::Relaxed) {
            return None;
        }
        let Rest::Stopped(lines) = self.input.rest() else { return None };
        let (rest, giant) = lines.into_parts();
        let shared = &self.shared;
        let carried = Carried {
            generations: shared.generation,
            started_unix_ms: shared.started_unix_ms,
            telemetry: shared.telemetry.rows(),
            client: shared.client.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            last_fault: shared.last_fault.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            giant,
            rest,
        };
        Some((shared.launched.path()?.to_owned(), carried))
    }
}

//! One server's life: start, serve, and either end or become the next version and go on.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use rmcp::service::{RunningService, serve_directly, serve_server};
use rmcp::{RoleServer, ServerHandler};
use serde_json::json;
use tokio::runtime::Builder;

use super::alarm::Alarm;
use super::desk::Desk;
use super::end::End;
use super::ends::Ends;
use super::gate::Gate;
use super::glances::Glances;
use super::rollout::{self, Carried, Launched};
use super::server::Server;
use super::shared::{Lanes, Shared};
use super::telemetry::Telemetry;
use super::transport::{Finder, Flight, Input, Lines, Output, Rest, Stdio};
use crate::failure::{Exit, Failure};

/// How often the launch path is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// How long a successor may take to say that it can take over.
const TRIAL_LIMIT: Duration = Duration::from_secs(10);

/// How long a job that is in the log may take to get its runner: the runner's own limit, and a bit.
const HAND_OVER_LIMIT: Duration = Duration::from_secs(12);

/// Serves until the end of input or a signal. `resume` is the descriptor with what an earlier
/// version of this server handed on.
///
/// A trial only reads it: whether this version could take over.
pub(crate) fn serve(
    desk: &Arc<dyn Desk>,
    resume: Option<u32>,
    is_trial: bool,
) -> Result<Exit, Failure> {
    let failed = |error: io::Error| {
        Failure::new(Exit::StateIo, "mcp", "the MCP server could not start").caused_by(error)
    };
    let mut carried = match resume {
        Some(descriptor) => rollout::receive(descriptor).map_err(failed)?,
        None => Carried { started_unix_ms: (desk.clock().unix_ms)(), ..Carried::default() },
    };
    if is_trial {
        return Ok(Exit::Succeeded);
    }
    let runtime = Builder::new_current_thread()
        .enable_time()
        .max_blocking_threads(Lanes::THREADS)
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
    let end = End::default();
    let (input, received) = Input::start(lines, calling(&end, End::input_is_over))?;
    let input = Arc::new(input);
    let output = Output::start(calling(&end, End::now))?;
    let shared = Arc::new(shared(desk, &carried, &end, &output));
    let _alarm = Alarm::set(&end, &input)?;
    let noted = Arc::clone(&shared);
    let flight = Arc::new(Flight::new(move |settled| noted.telemetry.note(settled)));
    let rollout = Rollout {
        shared: Arc::clone(&shared),
        input: Arc::clone(&input),
        flight: Arc::clone(&flight),
    };
    let rollout = Arc::new(rollout);
    let watching = tokio::spawn(watch(Arc::clone(&rollout)));
    let transport = Stdio::new(received, Arc::clone(&output), flight, end.clone());
    let gate = Arc::clone(&shared);
    let server = Server { shared };
    let running = match carried.client {
        Some(client) => Ok(serve_directly(server, transport, Some(client))),
        None => Box::pin(serve_server(server, transport)).await,
    };
    // An error here is the end of input before anything was asked.
    if let Ok(running) = running {
        wait(running).await;
    }
    watching.abort();
    end.input_is_over();
    gate.gate.close();
    gate.gate.wait_until_empty(HAND_OVER_LIMIT);
    output.close();
    Ok(rollout.successor())
}

async fn wait<S: ServerHandler>(running: RunningService<RoleServer, S>) {
    let _ = running.waiting().await;
}

fn shared(desk: Arc<dyn Desk>, carried: &Carried, end: &End, output: &Arc<Output>) -> Shared {
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
        end: end.clone(),
        gate: Gate::default(),
        lanes: Lanes::default(),
        output: Arc::clone(output),
        is_replacing: AtomicBool::new(false),
        last_fault: Mutex::new(carried.last_fault.clone()),
        state: OnceLock::new(),
        memory: Mutex::default(),
        glances: Glances::default(),
    }
}

fn calling(end: &End, step: fn(&End)) -> impl FnOnce() + Send + 'static {
    let end = end.clone();
    move || step(&end)
}

/// Everything that must be at rest before this process may become another program.
struct Rollout {
    shared: Arc<Shared>,
    input: Arc<Input>,
    flight: Arc<Flight>,
}

/// Looks for a successor by time, and stops the server when there is one and nothing is in flight.
async fn watch(rollout: Arc<Rollout>) {
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        let looking = Arc::clone(&rollout);
        let is_idle = rollout.is_idle();
        let ready = tokio::task::spawn_blocking(move || {
            looking.shared.launched.is_ready() && is_idle && looking.is_accepted()
        });
        if ready.await.unwrap_or(false) && rollout.is_idle() {
            rollout.shared.is_replacing.store(true, Ordering::Relaxed);
            rollout.shared.end.leave();
            rollout.input.stop();
            return;
        }
    }
}

impl Rollout {
    fn is_idle(&self) -> bool {
        self.flight.is_empty() && self.shared.output.is_empty() && self.shared.gate.is_empty()
    }

    /// Whether the successor takes over what it would be handed. What was refused once is not asked
    /// again.
    fn is_accepted(&self) -> bool {
        let carried = self.carried(Vec::new(), None);
        let trial = self.shared.launched.try_out(&carried, TRIAL_LIMIT);
        if let Err(reason) = &trial {
            let fault = json!({ "class": "process", "code": "rollout_refused", "detail": reason });
            self.shared.note_fault(fault);
        }
        trial.is_ok()
    }

    /// What the successor needs, where one was decided on and the peer is still there.
    fn successor(&self) -> Option<Successor> {
        if !self.shared.is_replacing.load(Ordering::Relaxed) {
            return None;
        }
        let Rest::Stopped(lines) = self.input.rest() else { return None };
        let (rest, giant) = lines.into_parts();
        Some((self.shared.launched.path()?.to_owned(), self.carried(rest, giant)))
    }

    fn carried(&self, rest: Vec<u8>, giant: Option<Finder>) -> Carried {
        let shared = &self.shared;
        Carried {
            generations: shared.generation,
            started_unix_ms: shared.started_unix_ms,
            telemetry: shared.telemetry.rows(),
            client: shared.client.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            last_fault: shared.last_fault.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            giant,
            rest,
        }
    }
}

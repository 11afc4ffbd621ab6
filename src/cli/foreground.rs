//! The foreground: waits for a job that runs on its own, shows how it goes, prints its answer.
//!
//! On a terminal one line is drawn over and over; elsewhere each change is one plain line. Ctrl-C
//! cancels, a second one kills; TERM and HUP let the job go on and say its id.

use std::time::Duration;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use super::context::{CLOCK, Context};
use super::json;
use crate::failure::{Exit, Failure};
use crate::job::fold::{Ending, Job};
use crate::journal::place::State;
use crate::render::human::{self, Pulse};
use crate::runner::follow::Follower;
use crate::runner::signals::Heard;
use crate::runner::wait::{Waiter, Woken};
use crate::runner::{cancel, look, observe};
use crate::{render, world};

/// How often the terminal's line is drawn, and signals are looked for.
const BEAT: Duration = Duration::from_millis(100);

/// The signals that mean something to a foreground consult.
pub(super) struct Interrupts {
    ctrl_c: Heard,
    terminations: Heard,
    hangups: Heard,
}

impl Interrupts {
    /// Starts to listen, before the job is submitted, so that no Ctrl-C falls between.
    pub(super) fn listen() -> Result<Self, Failure> {
        Ok(Self {
            ctrl_c: Heard::listen_unless_ignored(&[SIGINT])?,
            terminations: Heard::listen_unless_ignored(&[SIGTERM])?,
            hangups: Heard::listen_unless_ignored(&[SIGHUP])?,
        })
    }

    /// The exit code of a signal that lets the job go on.
    fn leave(&mut self) -> Option<Exit> {
        if self.terminations.take() > 0 {
            return Some(Exit::Terminated);
        }
        (self.hangups.take() > 0).then_some(Exit::HungUp)
    }
}

/// Waits for the job and prints what it came to.
pub(super) fn attend(
    state: &State,
    job: Job,
    as_json: bool,
    mut interrupts: Interrupts,
    context: &mut Context<'_>,
) -> Result<Exit, Failure> {
    let mut show = Show::new(state, &job, context);
    let mut waiter = Waiter::new(state, [job.id])
        .map_err(|error| Failure::from(error).hinted(human::left_running(&job)))?;
    let mut asked = 0;
    while let Woken::TimedOut = waiter.next(Some(BEAT)) {
        if let Some(exit) = interrupts.leave() {
            show.wipe(context);
            // Also when asked to be quiet: nobody else names the job that goes on.
            context.output.complain(&human::left_running(&job));
            return Ok(exit);
        }
        for _ in 0..interrupts.ctrl_c.take() {
            asked += 1;
            interrupt(state, &job, asked, &mut show, context);
        }
        show.beat(state, context);
    }
    show.wipe(context);
    // Whatever keeps us from looking, the job is there, and nobody else would name it.
    let ended = observe::job(state, job.id, CLOCK)
        .map_err(|error| Failure::from(error).hinted(human::left_running(&job)))?;
    let mut ended = ended.unwrap_or(job);
    if as_json {
        look::note_staleness(state, &mut ended);
    }
    report(&ended, as_json, asked > 0, context)
}

/// The same for who only looks: no signal is listened to, so the first one ends the look.
pub(super) fn watch(
    state: &State,
    job: Job,
    as_json: bool,
    context: &mut Context<'_>,
) -> Result<Exit, Failure> {
    let mut show = Show::new(state, &job, context);
    let unfinished = job.ending.is_none().then_some(job.id);
    let mut waiter = Waiter::new(state, unfinished)?;
    while let Woken::TimedOut = waiter.next(Some(BEAT)) {
        show.beat(state, context);
    }
    show.wipe(context);
    let ended = observe::job(state, job.id, CLOCK)?;
    report(&ended.unwrap_or(job), as_json, false, context)
}

fn interrupt(state: &State, job: &Job, count: usize, show: &mut Show, context: &mut Context<'_>) {
    show.wipe(context);
    if count == 1 {
        context.output.say("Cancelling; Ctrl-C again kills.");
        if let Err(error) = cancel::ask(state, job.id, context.caller(), CLOCK) {
            context.output.say(&format!("warning: the request could not be recorded: {error}"));
        }
    } else {
        context.output.say("Killing.");
        cancel::hurry(state, job.id);
    }
}

fn report(
    job: &Job,
    as_json: bool,
    interrupted: bool,
    context: &mut Context<'_>,
) -> Result<Exit, Failure> {
    answer(job, as_json, context).map_err(|failure| {
        failure.hinted(format!("It is kept: `phone-opus job {}` shows it again.", job.id))
    })?;
    match &job.ending {
        Some(Ending::Succeeded(_)) => context.output.say(&human::closing(job)),
        _ if as_json => {}
        _ => context.output.complain(&human::ending(job)),
    }
    Ok(match (Exit::of_job(job), interrupted) {
        (Exit::Cancelled, true) => Exit::Interrupted,
        (exit, _) => exit,
    })
}

fn answer(job: &Job, as_json: bool, context: &mut Context<'_>) -> Result<(), Failure> {
    if as_json {
        let text = json::text(&render::json::job(job), None)?;
        context.output.line(&text)?;
    } else if let Some(Ending::Succeeded(succeeded)) = &job.ending {
        context.output.line(&succeeded.reply.response)?;
    }
    Ok(())
}

/// What is shown while waiting.
struct Show {
    follower: Follower,
    on_terminal: bool,
    drawn: bool,
    /// The job as the log had it at the last look.
    job: Job,
    beats: u32,
    /// The last plain line, so that only changes are said.
    said: String,
}

impl Show {
    fn new(state: &State, job: &Job, context: &Context<'_>) -> Self {
        let dumb = context.world.variable("TERM") == Some("dumb");
        Self {
            follower: Follower::new(state, job.id),
            on_terminal: world::stderr_is_terminal() && !dumb,
            drawn: false,
            job: job.clone(),
            beats: 0,
            said: String::new(),
        }
    }

    /// Looks, and shows what changed. The log is read once a second; the transcript at every beat. A
    /// look that fails shows nothing new; the job does not depend on being looked at.
    fn beat(&mut self, state: &State, context: &mut Context<'_>) {
        const BEATS_PER_LOOK: u32 = 10;
        if context.output.is_quiet() {
            return;
        }
        if self.beats.is_multiple_of(BEATS_PER_LOOK)
            && let Ok(Some(job)) = observe::job(state, self.job.id, CLOCK)
        {
            self.job = job;
        }
        self.beats = self.beats.wrapping_add(1);
        self.show(context);
    }

    fn show(&mut self, context: &mut Context<'_>) {
        let pulse = self.pulse();
        if self.on_terminal {
            let width = world::columns(std::io::stderr()).unwrap_or(80);
            context.output.redraw(&human::progress(&pulse, width));
            self.drawn = true;
            return;
        }
        let line = human::progress_plain(&pulse);
        if line != self.said {
            context.output.say(&line);
            self.said = line;
        }
    }

    fn pulse(&mut self) -> Pulse {
        let live = self.follower.look().clone();
        Pulse {
            elapsed_ms: self.job.started_unix_ms.map(|at| elapsed(at, world::unix_ms())),
            turns: live.turns,
            tool: live.tool,
            silent_ms: self.follower.silent_for(world::now()).map(milliseconds),
            cost_usd: live.cost_usd,
            text_bytes: live.text_bytes,
        }
    }

    fn wipe(&mut self, context: &mut Context<'_>) {
        if std::mem::take(&mut self.drawn) {
            context.output.redraw("");
        }
    }
}

fn elapsed(from_unix_ms: i64, to_unix_ms: i64) -> u64 {
    u64::try_from(to_unix_ms - from_unix_ms).unwrap_or(0)
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

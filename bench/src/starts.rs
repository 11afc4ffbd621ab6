//! What every command costs before it does anything.

use std::process::Command;

use super::Bench;
use crate::measure::{in_turns, ratio, say, whole};

pub(crate) fn rows(bench: &mut Bench) {
    let state = bench.work.path().join("none");
    let [version, nothing] = in_turns(
        bench.rounds * 3,
        [&mut || whole(&mut bench.run(&state, &["--version"])), &mut || {
            whole(&mut Command::new(&bench.programs.nothing))
        }],
    );
    let (version, nothing) = (version.p25(), nothing.p25());
    let beside = format!("{}; a static C program that does nothing {}", say(version), say(nothing));
    bench.table.ratio("`--version`", 1.25, ratio(version, nothing), beside);
}

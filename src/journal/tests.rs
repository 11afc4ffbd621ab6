//! The journal as a whole: what is promised of the log, whatever happens to it.

mod check;
mod damage;
mod faults;
mod histories;
mod index;
mod memory;
mod old;
mod processes;
mod prune;
mod reading;
mod support;

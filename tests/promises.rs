//! One test program, one module for each promise. Names say what the user gets.

mod support;

mod answers;
mod tidy;

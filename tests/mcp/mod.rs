//! The MCP door: what an agent gets from it, and what no peer can do to it.

mod calls;
mod hostile;
mod lifecycle;
mod stuck;
mod tools;
mod wire;
mod words;

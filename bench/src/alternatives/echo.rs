//! A server that sends back each line: what pipes and wake-ups alone cost.

use std::io::{self, BufRead, Write};

pub(crate) fn serve() -> io::Result<()> {
    let mut output = io::stdout().lock();
    for line in io::stdin().lock().lines() {
        output.write_all(format!("{}\n", line?).as_bytes())?;
    }
    Ok(())
}

//! What a run does when its output cannot be written.
//!
//! A pipe that nobody reads any more (`lifeboat man | head -5`) is no error: the rest is dropped, as the printing macros
//! of `anstream` do, and the run ends with its own exit code. A full disk behind `>` is one.

use std::io::{ErrorKind, Write};

use super::context::BROKEN;

/// Makes a failed print an error of one line. Any other panic is told as ever.
pub(crate) fn when_printing_fails() {
    let told = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        match info.payload_as_str().and_then(|message| message.strip_prefix("failed printing to ")) {
            Some(failure) => give_up(failure),
            None => told(info),
        }
    }));
}

/// Writes bytes to the standard output as they are.
pub(crate) fn print(bytes: &[u8]) {
    let mut out = std::io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => give_up(&format!("stdout: {error}")),
        _ => {}
    }
}

fn give_up(failure: &str) -> ! {
    // Nothing is left to be done if this cannot be written either.
    let _ = writeln!(std::io::stderr(), "error: {failure}");
    std::process::exit(i32::from(BROKEN))
}

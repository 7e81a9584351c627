//! `cargo xtask bench NAME`: figures for `docs/performance.md`. Nothing here fails on a slow machine.

mod scheduler;

use std::process::ExitCode;

pub(crate) fn run(mut args: impl Iterator<Item = String>) -> ExitCode {
    match args.next().as_deref() {
        Some("scheduler") => scheduler::run(args),
        other => {
            eprintln!("xtask bench: unknown benchmark {other:?}; there is: scheduler");
            ExitCode::from(2)
        }
    }
}

//! `cargo xtask bench NAME`: figures, and ratios to a reference that is measured in the same run.

mod build;
mod fleet;
mod memory;
mod prove;
mod scheduler;
mod verify;

use std::process::ExitCode;

/// Runs one benchmark.
pub(crate) fn run(mut args: impl Iterator<Item = String>) -> ExitCode {
    match args.next().as_deref() {
        Some("build") => build::run(),
        Some("fleet") => fleet::run(args),
        Some("prove") => prove::run(args),
        Some("scheduler") => scheduler::run(args),
        Some("verify") => verify::run(),
        other => {
            eprintln!(
                "xtask bench: unknown benchmark {other:?}; there are: build, fleet, prove, scheduler, verify"
            );
            ExitCode::from(2)
        }
    }
}

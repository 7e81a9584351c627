//! `cargo xtask bench NAME`: figures, and ratios to a reference that is measured in the same run.

mod build;
mod fleet;
mod memory;
mod prove;
mod scheduler;
mod verify;

use std::process::ExitCode;

/// The arguments of a benchmark that can be held against the real scheduler: its recorder, and how often to repeat.
fn against_real(
    name: &str,
    mut args: impl Iterator<Item = String>,
    mut repeat: u32,
) -> Result<(Option<String>, u32), ExitCode> {
    let mut oracle = None;
    while let Some(arg) = args.next() {
        match (arg.as_str(), args.next()) {
            ("--oracle", Some(path)) => oracle = Some(path),
            ("--repeat", Some(n)) if n.parse::<u32>().is_ok_and(|n| n > 0) => {
                repeat = n.parse().unwrap_or(repeat);
            }
            _ => {
                eprintln!("usage: cargo xtask bench {name} [--oracle PATH] [--repeat N]");
                return Err(ExitCode::from(2));
            }
        }
    }
    Ok((oracle, repeat))
}

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

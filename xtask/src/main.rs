//! Developer commands: `cargo xtask COMMAND`. One file per command.

mod bench;
mod catalogue;
mod conformance;
mod control_plane;
mod docs;
mod licences;
mod replay_cluster;
mod replay_scheduler;

use std::process::ExitCode;

/// What the command itself allocates with, so that benches measure what users get.
#[cfg(not(target_env = "musl"))]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    match args.next().as_deref() {
        Some("bench") => bench::run(args),
        Some("catalogue") => catalogue::run(args),
        Some("conformance") => conformance::run(args),
        Some("control-plane") => control_plane::run(args),
        Some("docs") => docs::run(args),
        Some("licences") => licences::run(),
        Some("replay-cluster") => replay_cluster::run(args),
        Some("replay-scheduler") => replay_scheduler::run(args),
        other => {
            eprintln!("xtask: unknown command {other:?}");
            ExitCode::from(2)
        }
    }
}

//! The `lifeboat` command.

mod cli;

/// Reading manifests and proving fleets make many small values on several threads: a quarter of their time was the
/// system's allocator (`docs/performance.md`). musl builds keep theirs, because mimalloc would ask for a C compiler
/// for that target.
#[cfg(not(target_env = "musl"))]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    cli::main()
}

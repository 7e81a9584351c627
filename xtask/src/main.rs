//! Developer commands: `cargo xtask COMMAND`. One file per command.

use std::process::ExitCode;

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    match args.next().as_deref() {
        other => {
            eprintln!("xtask: unknown command {other:?}");
            ExitCode::from(2)
        }
    }
}

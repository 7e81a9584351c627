//! The command line: one file per command, each with its clap `Args` and a `run` function that returns
//! an exit code (0 fine, 1 findings, 2 usage or broken input).

mod explain;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Compile one tier policy into Helm values that survive node loss, and prove it before merge.
#[derive(Debug, Parser)]
#[command(name = "lifeboat", version, about, disable_help_subcommand = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Explain(explain::Args),
}

/// Parses the command line and runs the command.
pub(crate) fn main() -> ExitCode {
    let cli = Cli::parse();
    match cli.command {
        Command::Explain(args) => explain::run(&args),
    }
}

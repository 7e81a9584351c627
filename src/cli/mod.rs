//! The command line: one file per command, each with its clap `Args` and a `run` function that returns
//! an exit code (0 fine, 1 findings, 2 usage or broken input).

mod build;
mod charts;
mod check;
mod completions;
mod context;
mod diff;
mod event;
mod explain;
mod fleet;
mod helm;
mod init;
mod man;
mod observed;
mod outputs;
mod prove;
mod publish;
mod quiet;
mod render;
mod report;
mod schema;
mod silent;
mod verify;

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use context::{Context, Global};

/// Compile one tier policy into Helm values that survive node loss, and prove it before merge.
#[derive(Debug, Parser)]
#[command(name = "lifeboat", version, about, disable_help_subcommand = true)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Build(build::Args),
    #[command(subcommand)]
    Charts(charts::Command),
    Check(check::Args),
    Completions(completions::Args),
    Diff(diff::Args),
    Explain(explain::Args),
    Init(init::Args),
    Man(man::Args),
    Prove(prove::Args),
    Render(render::Args),
    Report(report::Args),
    Schema(schema::Args),
    Verify(verify::Args),
}

/// Parses the command line and runs the command.
pub(crate) fn main() -> ExitCode {
    quiet::when_printing_fails();
    let cli = Cli::parse();
    let context = match Context::new(&cli.global) {
        Ok(context) => context,
        Err(code) => return code,
    };
    match cli.command {
        Command::Build(args) => build::run(&context, &args),
        Command::Charts(command) => charts::run(&context, &command),
        Command::Check(args) => check::run(&context, &args),
        Command::Completions(args) => completions::run(&args, Cli::command()),
        Command::Diff(args) => diff::run(&context, &args),
        Command::Explain(args) => explain::run(&context, &args),
        Command::Init(args) => init::run(&args),
        Command::Man(args) => man::run(&args, Cli::command()),
        Command::Prove(args) => prove::run(&context, &args),
        Command::Render(args) => render::run(&context, &args),
        Command::Report(args) => report::run(&context, &args),
        Command::Schema(args) => schema::run(&args),
        Command::Verify(args) => verify::run(&context, &args),
    }
}

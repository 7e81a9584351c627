//! `lifeboat charts`: what is known of charts, and how to learn more.

mod probe;
mod show;
mod store;

use std::process::ExitCode;

use super::context::Context;

/// What lifeboat knows of charts, and how it learns a new one.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// List the charts, with repositories and versions.
    #[command(after_help = "Examples:\n  lifeboat charts list\n  lifeboat charts list --format json")]
    List,
    Probe(probe::Args),
    Show(show::Args),
}

pub(crate) fn run(context: &Context, command: &Command) -> ExitCode {
    match command {
        Command::List => show::run(context, &show::Args::default()),
        Command::Probe(args) => probe::run(context, args),
        Command::Show(args) => show::run(context, args),
    }
}

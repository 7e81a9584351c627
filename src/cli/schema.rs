//! `lifeboat schema`.

use std::process::ExitCode;

/// Print the JSON Schema of policies, for editors.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  lifeboat schema > policy.schema.json\n\nEditors find it by a first line of `#:schema ./policy.schema.json` in the policy."
)]
pub(crate) struct Args {}

pub(crate) fn run(_: &Args) -> ExitCode {
    anstream::print!("{}", lifeboat::policy::schema());
    ExitCode::SUCCESS
}

//! `lifeboat explain`.

use std::process::ExitCode;

use lifeboat::diag::Code;

/// Explain a finding's code.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A code such as `unknown-key`.
    subject: String,
}

pub(crate) fn run(args: &Args) -> ExitCode {
    let Some(code) = Code::find(&args.subject) else {
        anstream::eprintln!("error: nothing is known by the name `{}`", args.subject);
        return ExitCode::from(2);
    };
    anstream::println!("{}: {}", code.name(), code.0.summary);
    ExitCode::SUCCESS
}

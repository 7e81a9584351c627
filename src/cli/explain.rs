//! `lifeboat explain`.

use std::process::ExitCode;

use lifeboat::diag::{Code, codes};
use lifeboat::shape::did_you_mean;

use super::context::{BROKEN, Context, Format};

/// Explain a finding's code: what it means, why it matters, how to mend it.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  lifeboat explain unknown-key\n  lifeboat explain nobody-ashore --format json"
)]
pub(crate) struct Args {
    /// A code such as `unknown-key`; findings print it in brackets.
    subject: String,
}

pub(crate) fn run(context: &Context, args: &Args) -> ExitCode {
    let Some(code) = Code::find(&args.subject) else {
        let near = did_you_mean(&args.subject, codes::all().map(Code::name));
        let hint = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
        anstream::eprintln!("error: nothing is known by the name {:?}{hint}", args.subject);
        return ExitCode::from(BROKEN);
    };
    if context.format == Format::Json {
        anstream::println!("{}", code.to_json());
    } else {
        anstream::print!("{}", code.to_text());
    }
    ExitCode::SUCCESS
}

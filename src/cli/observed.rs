//! `lifeboat prove --rendered`: the cluster under proof is read, not planned.

use std::path::PathBuf;
use std::process::ExitCode;

use lifeboat::observed::{Observed, observe, render};
use lifeboat::plan::Plan;
use lifeboat::source::SourceMap;
use lifeboat::yaml::Budget;

use super::context::{BROKEN, Context, Format};
use super::verify;

/// Reads the inputs, and reports what is wrong with them. Broken input is not proved.
pub(crate) fn read(
    context: &Context,
    plan: &Plan,
    sources: &SourceMap,
    inputs: &[PathBuf],
) -> Result<(Observed, bool), ExitCode> {
    let files = verify::files(inputs).map_err(|error| {
        anstream::eprintln!("error: {error}");
        ExitCode::from(BROKEN)
    })?;
    let mut observed = observe(plan, files.iter().map(|path| verify::open(path)), &Budget::default());
    let failed = context.report(std::mem::take(&mut observed.findings), sources);
    if context.format != Format::Json {
        anstream::print!("{}", render::human(&observed));
    }
    if observed.broken {
        anstream::eprintln!("error: nothing is proved of input that is broken");
        return Err(ExitCode::from(BROKEN));
    }
    Ok((observed, failed))
}

//! Compiling a policy to look at it: what it is warned about is the business of `check`, and only errors
//! are reported.

use std::path::Path;
use std::process::ExitCode;

use lifeboat::catalogue::Catalogue;
use lifeboat::diag::Diagnostic;
use lifeboat::policy::{self, Policy};
use lifeboat::source::SourceMap;
use lifeboat::source::extends::Loader;

use super::context::{BROKEN, Context, Files, name_of};
use super::outputs::{self, Compiled};

/// Compiles a file.
pub(crate) fn compile(context: &Context, path: &Path) -> Result<Compiled, ExitCode> {
    compile_from(context, path, &Files, outputs::with_charts)
}

/// Compiles what a loader reads, with a catalogue that `charts` adds the policy's own charts to.
pub(crate) fn compile_from(
    context: &Context,
    path: &Path,
    loader: &dyn Loader,
    charts: impl Fn(Catalogue, &Policy, &mut SourceMap) -> Result<Catalogue, Vec<Diagnostic>>,
) -> Result<Compiled, ExitCode> {
    let mut sources = SourceMap::default();
    let result = policy::load(loader, &mut sources, &name_of(path)).and_then(|checked| {
        let folder = outputs::folder_of(&checked.policy, path, None);
        let catalogue = charts(Catalogue::builtin(), &checked.policy, &mut sources)?;
        let compilation = lifeboat::compile::compile(checked.policy, &catalogue, loader, &mut sources)?;
        Ok((compilation, folder))
    });
    match result {
        Ok((compilation, folder)) => Ok(Compiled { compilation, sources, folder }),
        Err(findings) => {
            context.report(findings, &sources);
            Err(ExitCode::from(BROKEN))
        }
    }
}

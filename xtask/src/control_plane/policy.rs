//! The plan of a policy.

use std::fs;
use std::path::Path;

use lifeboat::catalogue::Catalogue;
use lifeboat::compile;
use lifeboat::diag::Diagnostic;
use lifeboat::plan::Plan;
use lifeboat::policy;
use lifeboat::source::SourceMap;
use lifeboat::source::extends::{LoadError, Loader};

use super::cluster::Outcome;

struct Files;

impl Loader for Files {
    fn load(&self, name: &str, _limit: u64) -> Result<String, LoadError> {
        fs::read_to_string(name).map_err(|_| LoadError::NotFound)
    }
}

/// Compiles a policy with the charts that are built in.
pub(super) fn plan(path: &Path) -> Outcome<Plan> {
    let mut sources = SourceMap::default();
    let name = path.to_str().ok_or("the policy's path is not UTF-8")?;
    let checked = policy::load(&Files, &mut sources, name).map_err(|findings| messages(&findings))?;
    let compiled = compile::compile(checked.policy, &Catalogue::builtin(), &Files, &mut sources);
    Ok(compiled.map_err(|findings| messages(&findings))?.plan)
}

fn messages(findings: &[Diagnostic]) -> String {
    findings.iter().map(|finding| finding.message.as_str()).collect::<Vec<_>>().join("\n")
}

//! The plan of a policy, and the folder that a build writes from it.

use std::fs;
use std::path::Path;

use lifeboat::catalogue::Catalogue;
use lifeboat::plan::{self, Inputs, Plan, TeamValues};
use lifeboat::policy;
use lifeboat::source::SourceMap;
use lifeboat::source::extends::{LoadError, Loader};
use lifeboat::yaml;

use super::cluster::Outcome;

struct Files;

impl Loader for Files {
    fn load(&self, name: &str, _limit: u64) -> Result<String, LoadError> {
        fs::read_to_string(name).map_err(|_| LoadError::NotFound)
    }
}

/// Compiles a policy as far as the plan.
pub(super) fn plan(path: &Path) -> Outcome<Plan> {
    let mut sources = SourceMap::default();
    let name = path.to_str().ok_or("the policy's path is not UTF-8")?;
    let checked = policy::load(&Files, &mut sources, name)
        .map_err(|findings| findings.iter().map(|f| f.message.clone()).collect::<Vec<_>>().join("\n"))?;
    let mut team = Vec::new();
    for service in &checked.policy.services {
        let mut merged = serde_json::json!({});
        for file in &service.values {
            let beside = path.parent().unwrap_or(Path::new("")).join(&file.value);
            let text =
                fs::read_to_string(&beside).map_err(|error| format!("{}: {error}", beside.display()))?;
            let document =
                yaml::read(&text, 1, &yaml::Budget::default()).map_err(|error| format!("{error:?}"))?;
            if let Some(root) = document.root {
                merge(&mut merged, root.to_json());
            }
        }
        team.push(TeamValues { merged });
    }
    let catalogue = Catalogue::builtin();
    let inputs = Inputs { sources: &mut sources, catalogue: &catalogue, team };
    let outcome = plan::make(checked.policy, inputs);
    outcome.plan.ok_or_else(|| {
        outcome.diagnostics.iter().map(|d| d.message.clone()).collect::<Vec<_>>().join("\n").into()
    })
}

fn merge(base: &mut serde_json::Value, over: serde_json::Value) {
    match (base, over) {
        (serde_json::Value::Object(base), serde_json::Value::Object(over)) => {
            for (key, value) in over {
                merge(base.entry(key).or_insert(serde_json::Value::Null), value);
            }
        }
        (base, over) => *base = over,
    }
}

//! The policies that the repository ships make plans without errors, in the catalogue that it ships.

use std::collections::BTreeMap;

use lifeboat::catalogue::Catalogue;
use lifeboat::diag::{Severity, render};
use lifeboat::plan::{self, Inputs, TeamValues};
use lifeboat::policy;
use lifeboat::source::SourceMap;
use serde_json::{Value, json};

const SHIPPED: [&str; 3] = ["policy.toml", "templates/init.toml", "examples/strategy-as-written.toml"];

fn read(name: &str) -> String {
    std::fs::read_to_string(format!("{}/{name}", env!("CARGO_MANIFEST_DIR")))
        .expect("a file of the repository")
}

#[test]
fn shipped_policies_make_plans() {
    let loader: BTreeMap<_, _> = SHIPPED.iter().map(|name| ((*name).to_owned(), read(name))).collect();
    let catalogue = Catalogue::builtin();
    for name in SHIPPED {
        let mut sources = SourceMap::default();
        let policy = policy::load(&loader, &mut sources, name).expect("no errors").policy;
        let values = |file: &str| yaml_serde::from_str::<Value>(&read(file)).expect("YAML");
        let team = policy
            .services
            .iter()
            .map(|service| TeamValues {
                merged: service.values.first().map_or_else(|| json!({}), |file| values(&file.value)),
            })
            .collect();
        let inputs = Inputs { sources: &mut sources, catalogue: &catalogue, team };
        let outcome = plan::make(policy, inputs);
        let errors = outcome.diagnostics.iter().filter(|finding| finding.severity == Severity::Error);
        let errors: String = errors.map(|finding| render::human(finding, &sources, false)).collect();
        assert!(errors.is_empty(), "{name}:\n{errors}");
    }
}

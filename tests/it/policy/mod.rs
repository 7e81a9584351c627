//! The policy: the shipped one, bad ones, and the schema.

mod annotated;
mod commands;
mod findings;
mod hostile;
mod plans;
mod schema;

use std::collections::BTreeMap;

use lifeboat::policy;
use lifeboat::source::SourceMap;

fn shipped(name: &str) -> Result<policy::Checked, String> {
    let root = env!("CARGO_MANIFEST_DIR");
    let text = std::fs::read_to_string(format!("{root}/{name}")).expect("shipped");
    let loader = BTreeMap::from([(name.to_owned(), text)]);
    let mut sources = SourceMap::default();
    policy::load(&loader, &mut sources, name)
        .map_err(|findings| findings.iter().map(|f| format!("{} {}\n", f.code.name(), f.message)).collect())
}

#[test]
fn the_shipped_policy_has_no_findings() {
    let checked = shipped("policy.toml").unwrap_or_else(|findings| panic!("{findings}"));
    assert!(checked.warnings.is_empty(), "{:#?}", checked.warnings);
    assert_eq!(checked.policy.services.len(), 4);
    assert_eq!(checked.policy.scenarios.len(), 5);
}

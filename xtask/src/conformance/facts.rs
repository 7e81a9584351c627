//! The catalogue and compiled overlays against recorded facts.

use std::error::Error;
use std::fs;
use std::path::Path;

use lifeboat::catalogue::Catalogue;
use lifeboat::catalogue::compose::Facts;
use lifeboat::catalogue::conform::{Agreement, Verdict, against_facts, policies_against_facts};
use lifeboat::source::SourceMap;

pub(super) fn run(folder: &Path) -> Result<bool, Box<dyn Error>> {
    let policy = fs::read_to_string("policy.toml")?;
    let catalogue = Catalogue::builtin();
    let mut sources = SourceMap::default();
    let mut agreement = Agreement::default();
    let mut verdict = Verdict::default();
    for path in crate::catalogue::sorted(folder)? {
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let text = fs::read_to_string(&path)?;
        let at = |error: String| format!("{}: {error}", path.display());
        let facts = Facts::parse(&text).map_err(at)?;
        let chart = catalogue.chart(&mut sources, &facts.chart).map_err(|d| at(d.message))?;
        agreement.add(against_facts(&chart, &text).map_err(at)?);
        verdict.add(policies_against_facts(&catalogue, &policy, &text).map_err(at)?);
    }
    if agreement.versions == 0 {
        return Err(format!("{} holds no facts", folder.display()).into());
    }
    if !agreement.unseen.is_empty() {
        let unseen: Vec<&str> = agreement.unseen.iter().map(String::as_str).collect();
        println!("switched on by no recorded profile, so not compared: {}", unseen.join(", "));
    }
    verdict.fields += agreement.fields;
    verdict.mismatches.extend(agreement.mismatches);
    let figures = format!(
        "{} versions, {} carriers, {} paths",
        agreement.versions, agreement.carriers, agreement.paths
    );
    Ok(super::print(&verdict, &figures))
}

//! From arguments to sites.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use lifeboat::diag::{Diagnostic, codes::fleet as codes};
use lifeboat::source::extends::bases_of;

use super::super::context::name_of;

/// The policies that the arguments name, each once. A folder stands for the policies in it: `*.toml`, and `policy.toml`
/// of each folder in it, less those that another one of them extends.
pub(super) fn sites(paths: &[PathBuf]) -> (Vec<PathBuf>, Vec<Diagnostic>) {
    let mut sites: Vec<PathBuf> = Vec::new();
    let mut problems = Vec::new();
    let mut seen = BTreeSet::new();
    for path in paths {
        let found = if path.is_dir() { folder(path) } else { Ok(vec![path.clone()]) };
        match found {
            Ok(found) if found.is_empty() => problems.push(none(path, "there is no policy in it")),
            Ok(found) => sites.extend(found.into_iter().filter(|site| seen.insert(site.clone()))),
            Err(error) => problems.push(none(path, &error.to_string())),
        }
    }
    (sites, problems)
}

fn none(path: &Path, why: &str) -> Diagnostic {
    Diagnostic::new(codes::NO_POLICY, format!("the folder `{}` gives no site: {why}", name_of(path)))
        .help("a site is a `*.toml` in the folder, or `policy.toml` in a folder of it")
}

fn folder(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(Some(path.join("policy.toml")).filter(|policy| policy.is_file()));
        } else if path.extension().is_some_and(|extension| extension == "toml") {
            found.push(path);
        }
    }
    found.sort();
    let bases: BTreeSet<String> = found
        .iter()
        .flat_map(|site| bases_of(&name_of(site), &fs::read_to_string(site).unwrap_or_default()))
        .collect();
    found.retain(|site| !bases.contains(&name_of(site)));
    Ok(found)
}

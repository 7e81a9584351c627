//! From arguments to sites.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use lifeboat::diag::{Diagnostic, codes::fleet as codes};
use lifeboat::source::extends::bases_of;

use super::super::context::name_of;

/// A policy, with what its own text extends.
type Found = (PathBuf, Vec<String>);

/// What the arguments stand for.
#[derive(Default)]
pub(super) struct Expanded {
    /// Policies, each once.
    pub(super) sites: Vec<PathBuf>,
    /// Every base that one of them extends.
    pub(super) bases: BTreeSet<String>,
    /// Folders that give no site.
    pub(super) problems: Vec<Diagnostic>,
}

/// The policies that the arguments name. A folder stands for the policies in it: `*.toml`, and `policy.toml` of each
/// folder in it, less those that another one of them extends.
pub(super) fn sites(paths: &[PathBuf]) -> Expanded {
    let mut expanded = Expanded::default();
    let mut seen = BTreeSet::new();
    for path in paths {
        let found = if path.is_dir() { folder(path) } else { Ok(vec![with_bases(path.clone())]) };
        match found {
            Ok(found) if found.is_empty() => expanded.problems.push(none(path, "there is no policy in it")),
            Ok(found) => {
                for (site, bases) in found.into_iter().filter(|(site, _)| seen.insert(site.clone())) {
                    expanded.sites.push(site);
                    expanded.bases.extend(bases);
                }
            }
            Err(error) => expanded.problems.push(none(path, &error.to_string())),
        }
    }
    expanded
}

fn with_bases(site: PathBuf) -> Found {
    let bases = bases_of(&name_of(&site), &fs::read_to_string(&site).unwrap_or_default());
    (site, bases)
}

fn none(path: &Path, why: &str) -> Diagnostic {
    Diagnostic::new(codes::NO_POLICY, format!("the folder `{}` gives no site: {why}", name_of(path)))
        .help("a site is a `*.toml` in the folder, or `policy.toml` in a folder of it")
}

fn folder(folder: &Path) -> io::Result<Vec<Found>> {
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
    let mut found: Vec<Found> = found.into_iter().map(with_bases).collect();
    let bases: BTreeSet<String> = found.iter().flat_map(|(_, bases)| bases).cloned().collect();
    found.retain(|(site, _)| !bases.contains(&name_of(site)));
    Ok(found)
}

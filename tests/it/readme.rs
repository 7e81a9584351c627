//! What the README shows is what the tool says.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn the_readme_shows_the_shipped_policys_table() {
    let survival = fs::read_to_string(root().join("golden/SURVIVAL.md")).unwrap();
    let table = survival.split("\n\n").find(|block| block.starts_with("| lost |")).unwrap();
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    assert!(readme.contains(table), "put this into README.md, under \"What it proves\":\n\n{table}");
}

#[test]
fn every_file_that_the_readme_links_to_exists() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let links: Vec<&str> = readme
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next())
        .filter(|link| !link.contains("://"))
        .collect();
    assert!(links.len() > 8);
    let missing: Vec<_> = links.into_iter().filter(|link| !root().join(Path::new(link)).exists()).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

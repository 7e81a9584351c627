//! Probing charts, and rendering them.

mod cli;
mod learn;
mod parts;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use lifeboat::probe::package::{Files, Package};

/// The chart written for these tests.
fn beacon() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/probe/beacon")
}

/// The policy that installs it.
fn case() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/probe/a-chart-that-nobody-knows")
}

fn files(folder: &Path) -> Files {
    fn walk(folder: &Path, prefix: &str, out: &mut Files) {
        for entry in fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
            if entry.path().is_dir() {
                walk(&entry.path(), &format!("{name}/"), out);
            } else {
                out.insert(name, fs::read(entry.path()).unwrap());
            }
        }
    }
    let mut out = BTreeMap::new();
    walk(folder, "", &mut out);
    out
}

fn package() -> Package {
    Package::of_files(&files(&beacon())).unwrap()
}

/// Compares with a committed file, or writes it with `GOLDEN=overwrite`.
fn golden(path: &Path, text: &str) {
    if std::env::var_os("GOLDEN").is_some_and(|value| value == "overwrite") {
        fs::write(path, text).unwrap();
        return;
    }
    let committed = fs::read_to_string(path).unwrap_or_default();
    let difference = similar::TextDiff::from_lines(committed.as_str(), text);
    let difference = difference.unified_diff().context_radius(2).to_string();
    assert!(
        difference.is_empty(),
        "{} differs:\n{difference}\nto accept: GOLDEN=overwrite cargo test --test it probe::",
        path.display()
    );
}

//! Files that nobody wrote for lifeboat. `LIFEBOAT_REAL_DIR` names a folder of them; each document of each
//! file must be read, or refused with its place, and all of them are counted.

use std::fs;
use std::path::{Path, PathBuf};

use lifeboat::manifest::{Counts, read_all};
use lifeboat::yaml::Budget;

use super::{cases, compiled, text};

#[test]
#[ignore = "needs LIFEBOAT_REAL_DIR: .ci/run runs it"]
fn every_document_is_read_or_refused() {
    let folder = std::env::var_os("LIFEBOAT_REAL_DIR").expect("LIFEBOAT_REAL_DIR names a folder");
    let (compilation, _) = compiled(&cases(), "base.toml");
    let mut files = Vec::new();
    walk(Path::new(&folder), &mut files);
    assert!(!files.is_empty(), "LIFEBOAT_REAL_DIR holds no file");
    let mut total = Counts::default();
    for path in &files {
        let name = path.strip_prefix(&folder).unwrap().display().to_string();
        let bytes = fs::read(path).unwrap();
        let outcome = read_all(&name, bytes.as_slice(), &Budget::default());
        assert_eq!(outcome.refused.len(), outcome.counts.refused, "{name}");
        assert_eq!(outcome.objects.len(), outcome.counts.objects, "{name}");
        for refusal in &outcome.refused {
            assert!(refusal.origin.at.line > 0 && !refusal.message.is_empty(), "{name}: {refusal:?}");
            println!("refused {}: {}", refusal.origin, refusal.message);
        }
        // Each document leaves a trace: an object, a skipped kind, an empty one or a refusal.
        let skipped: usize = outcome.counts.skipped.values().sum();
        let traces = outcome.counts.objects + skipped + outcome.counts.empty + outcome.counts.refused;
        assert!(traces >= outcome.counts.documents || lists(&bytes), "{name}: {:?}", outcome.counts);
        total.add(&outcome.counts);
        let report = text(&compilation, &name, &bytes);
        assert_eq!(report.counts, outcome.counts, "{name}");
    }
    println!(
        "{} files, {} documents: {} objects, {} skipped, {} empty, {} refused",
        files.len(),
        total.documents,
        total.objects,
        total.skipped.values().sum::<usize>(),
        total.empty,
        total.refused
    );
}

/// An empty list is a document without a trace.
fn lists(bytes: &[u8]) -> bool {
    String::from_utf8_lossy(bytes).contains("List")
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            walk(&path, files);
        } else if path.extension().is_some_and(|e| e == "yaml" || e == "yml" || e == "json") {
            files.push(path);
        }
    }
}

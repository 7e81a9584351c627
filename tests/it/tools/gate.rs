//! The gate runs what `cargo test` leaves out: a test that needs something is ignored, not passed without it.

use std::fs;
use std::path::{Path, PathBuf};

use super::{read, root};

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() { sources(&path, found) } else { found.push(path) }
    }
}

/// A variable that says how much, not whether.
const AMOUNTS: &[&str] = &["LIFEBOAT_CLUSTERS", "LIFEBOAT_FROM"];

#[test]
fn each_ignored_test_names_a_script_that_gives_it_what_it_needs() {
    let mut files = Vec::new();
    sources(&root().join("tests/it"), &mut files);
    let mut ignored = 0;
    for file in files {
        let text = fs::read_to_string(&file).expect("text");
        let shown = file.display();
        for line in text.lines().filter(|line| line.starts_with("#[ignore")) {
            let reason = line.strip_prefix("#[ignore = \"needs ").and_then(|l| l.strip_suffix(" runs it\"]"));
            let (needs, script) =
                reason.and_then(|r| r.split_once(": ")).unwrap_or_else(|| panic!("{shown}: {line}"));
            let text = read(script);
            for variable in needs.split(" and ") {
                assert!(text.contains(&format!("{variable}=")), "{script} sets no {variable}");
            }
            assert!(text.contains(".ci/ignored "), "{script} runs no ignored test");
            ignored += 1;
        }
        // Whoever reads a variable fails without it, and is ignored.
        for call in ["env::var(\"LIFEBOAT_", "env::var_os(\"LIFEBOAT_"] {
            for name in text.split(call).skip(1) {
                let name = format!("LIFEBOAT_{}", name.split('"').next().expect("a name"));
                assert!(
                    AMOUNTS.contains(&&*name) || text.contains("#[ignore = \"needs"),
                    "{shown} reads {name}"
                );
            }
        }
    }
    assert!(ignored > 10, "{ignored}");
}

/// The page says how the static binary is built; the release's script does that and nothing else.
#[test]
fn the_release_builds_the_binary_as_the_page_says() {
    let page = read("docs/review.md");
    let script = read(".ci/release");
    let lines = page.lines().filter(|line| line.contains("x86_64-unknown-linux-musl"));
    let mut seen = 0;
    for line in lines {
        assert!(script.lines().any(|own| own.trim() == line), ".ci/release does not run `{line}`");
        seen += 1;
    }
    assert_eq!(seen, 2);
}

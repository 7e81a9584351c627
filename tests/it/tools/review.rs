//! `docs/review.md`: every command in it is run, and its YAML is read.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::{read, root};

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("made");
    for entry in fs::read_dir(from).expect("a folder") {
        let path = entry.expect("an entry").path();
        let target = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).expect("copied");
        }
    }
}

/// Blocks of a language in a page.
fn blocks<'p>(page: &'p str, language: &str) -> Vec<&'p str> {
    let open = format!("```{language}\n");
    page.split(open.as_str()).skip(1).map(|rest| rest.split("```").next().expect("a block")).collect()
}

#[test]
fn each_command_of_the_page_works() {
    let page = read("docs/review.md");
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    for name in ["golden", "values"] {
        copy(&root().join(name), &at.join(name));
    }
    fs::copy(root().join("policy.toml"), at.join("policy.toml")).expect("copied");
    let binary = Path::new(env!("CARGO_BIN_EXE_lifeboat")).parent().expect("a folder").display();
    let sh = |line: &str| {
        let path = format!("{binary}:{}", std::env::var("PATH").unwrap_or_default());
        Command::new("sh").arg("-c").arg(line).env("PATH", path).current_dir(at).output().expect("sh")
    };
    let set = "git init -q && git add . && git -c user.name=t -c user.email=t@example.com -c commit.gpgsign=false commit -q -m before";
    assert!(sh(set).status.success());
    let mut seen = 0;
    for line in blocks(&page, "sh").iter().flat_map(|b| b.lines()).filter(|l| !l.is_empty()) {
        let run = sh(line);
        assert!(run.status.success(), "{line}: {}", String::from_utf8_lossy(&run.stderr));
        assert!(!run.stdout.is_empty(), "{line} says nothing");
        seen += 1;
    }
    assert!(seen > 12, "{seen}");
    for name in ["report.html", "red.svg", "stuck.svg", "survival.md"] {
        assert!(at.join(name).is_file(), "{name}");
    }
}

#[test]
fn the_yaml_of_the_page_names_what_there_is() {
    let page = read("docs/review.md");
    let hooks = read(".pre-commit-hooks.yaml");
    let mut hook = false;
    for block in blocks(&page, "yaml") {
        let document = lifeboat::yaml::read(block, 1, &lifeboat::yaml::Budget::default()).expect("YAML");
        let value = document.root.expect("a document").to_json();
        if let Some(id) = value.pointer("/repos/0/hooks/0/id").and_then(serde_json::Value::as_str) {
            assert!(hooks.contains(&format!("- id: {id}\n")), "{id}");
            hook = true;
        }
    }
    assert!(hook);
}

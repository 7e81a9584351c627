//! What a team meets beside the commands' own work: help, completions, manual pages, the GitHub action,
//! the pre-commit hook, the container recipe, the release.

mod action;
mod annotations;
mod docs;
mod first_minute;
mod from_cluster;
mod gate;
mod review;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(name: &str) -> String {
    std::fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// `--help` of a command, at a width of 100.
fn help(command: &[String]) -> String {
    let run = Command::new(env!("CARGO_BIN_EXE_lifeboat"))
        .args(command)
        .arg("--help")
        .env("COLUMNS", "100")
        .env("NO_COLOR", "1")
        .output()
        .expect("runs");
    assert!(run.status.success(), "{command:?}");
    String::from_utf8(run.stdout).expect("text")
}

/// The help page of every command by its path: `[]`, `[build]`, `[charts, list]` …
fn pages() -> &'static BTreeMap<Vec<String>, String> {
    static PAGES: OnceLock<BTreeMap<Vec<String>, String>> = OnceLock::new();
    PAGES.get_or_init(|| {
        let mut pages = BTreeMap::new();
        let mut open = vec![Vec::new()];
        while let Some(command) = open.pop() {
            let page = help(&command);
            let list = page.split("Commands:\n").nth(1).unwrap_or_default();
            for line in list.lines().take_while(|l| l.starts_with("  ")) {
                // A name stands two blanks in; a wrapped description stands deeper.
                let Some(name) = line.strip_prefix("  ").filter(|l| !l.starts_with(' ')) else { continue };
                let name = name.split_whitespace().next().expect("a name");
                if name != "help" {
                    open.push([command.clone(), vec![name.to_owned()]].concat());
                }
            }
            pages.insert(command, page);
        }
        pages
    })
}

#[test]
fn help_is_as_recorded_and_each_command_has_examples() {
    let overwrite = std::env::var_os("GOLDEN").is_some_and(|v| v == "overwrite");
    let folder = root().join("tests/cases/help");
    let mut expected = BTreeSet::new();
    let mut stale = Vec::new();
    let all = pages();
    assert!(all.len() > 14, "{:?}", all.keys());
    for (command, page) in all {
        let leaf = !page.contains("\nCommands:\n");
        assert!(!leaf || page.contains("Example"), "{command:?} has no example");
        let name = if command.is_empty() { "lifeboat".to_owned() } else { command.join("-") };
        let path = folder.join(format!("{name}.txt"));
        if overwrite {
            std::fs::create_dir_all(&folder).expect("made");
            std::fs::write(&path, page).expect("written");
        } else if std::fs::read_to_string(&path).unwrap_or_default() != *page {
            stale.push(name.clone());
        }
        expected.insert(path);
    }
    let found: BTreeSet<PathBuf> =
        std::fs::read_dir(&folder).expect("cases").map(|e| e.expect("one").path()).collect();
    if overwrite {
        for orphan in found.difference(&expected) {
            std::fs::remove_file(orphan).expect("removed");
        }
    } else {
        assert_eq!(found, expected, "GOLDEN=overwrite cargo test --test it tools::");
    }
    assert!(stale.is_empty(), "{stale:?}: GOLDEN=overwrite cargo test --test it tools::");
}

/// Every example in every help page parses: its flags exist.
#[test]
fn the_examples_of_the_help_pages_parse() {
    let mut seen = 0;
    for page in pages().values() {
        for line in page.lines().filter_map(|l| l.strip_prefix("  lifeboat ")) {
            flags_exist(line);
            seen += 1;
        }
    }
    assert!(seen > 25, "{seen}");
}

/// Whether a command line's command and flags exist.
fn flags_exist(line: &str) {
    let words = shlex::split(line.split(" > ").next().expect("a line").split(" | ").next().expect("a line"))
        .unwrap_or_else(|| panic!("{line}: quotes do not match"));
    let mut command: Vec<String> = Vec::new();
    for word in &words {
        let mut longer = command.clone();
        longer.push(word.clone());
        if !pages().contains_key(&longer) {
            break;
        }
        command = longer;
    }
    assert!(!command.is_empty(), "lifeboat {line}: no such command");
    let page = &pages()[&command];
    for flag in words.iter().filter(|w| w.starts_with("--") && w.len() > 2) {
        let flag = flag.split('=').next().expect("a flag");
        assert!(page.contains(flag), "lifeboat {line}: {command:?} has no {flag}");
    }
}

#[test]
fn completions_and_manual_pages_are_those_of_this_binary() {
    let print = |arguments: &[&str]| {
        let run = Command::new(env!("CARGO_BIN_EXE_lifeboat")).args(arguments).output().expect("runs");
        assert!(run.status.success());
        String::from_utf8(run.stdout).expect("text")
    };
    for (shell, name) in [("bash", "lifeboat.bash"), ("zsh", "_lifeboat"), ("fish", "lifeboat.fish")] {
        assert!(
            read(&format!("completions/{name}")) == print(&["completions", shell]),
            "{name}: cargo xtask docs"
        );
    }
    let folder = tempfile::tempdir().expect("a folder");
    print(&["man", "--out", folder.path().to_str().expect("UTF-8")]);
    let names = |path: &Path| -> BTreeSet<String> {
        let all = std::fs::read_dir(path).expect("pages").map(|e| e.expect("one").file_name());
        all.map(|n| n.to_string_lossy().into_owned()).collect()
    };
    assert_eq!(names(folder.path()), names(&root().join("man")), "cargo xtask docs");
    for name in names(folder.path()) {
        let page = std::fs::read_to_string(folder.path().join(&name)).expect("text");
        assert!(page == read(&format!("man/{name}")), "man/{name}: cargo xtask docs");
    }
}

/// Editors: each key says what it is, and what may stand there.
#[test]
fn each_key_of_the_schema_has_a_description_and_a_hint() {
    let schema: serde_json::Value = serde_json::from_str(&read("policy.schema.json")).expect("JSON");
    let mut bare = Vec::new();
    let mut seen = 0;
    let mut open = vec![(String::new(), &schema)];
    while let Some((path, node)) = open.pop() {
        for (key, value) in node["properties"].as_object().into_iter().flatten() {
            let target = value["$ref"].as_str().and_then(|r| schema.pointer(r.trim_start_matches('#')));
            let has = |name: &str| !value[name].is_null() || target.is_some_and(|t| !t[name].is_null());
            assert!(has("description"), "{path}.{key} has no description");
            // A reference leads to an object, a choice or a pattern with a description of its own.
            let hints =
                ["default", "examples", "enum", "const", "anyOf", "oneOf", "allOf", "properties", "pattern"];
            let plain = value["type"] == "object" || value["type"] == "array" || value["type"] == "boolean";
            if !plain && !hints.iter().any(|hint| has(hint)) && !has("additionalProperties") {
                bare.push(format!("{path}.{key}"));
            }
            seen += 1;
        }
        for (key, value) in node.as_object().into_iter().flatten() {
            open.push((format!("{path}/{key}"), value));
        }
    }
    assert!(seen > 100, "{seen}");
    assert!(bare.is_empty(), "neither default, example, choice nor pattern: {bare:?}");
}

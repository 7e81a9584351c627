//! A new user's first minute in an empty folder: each step says what to do next, and what it says works.

use std::path::Path;
use std::process::Command;

/// Runs a command line as it was printed; its exit code and all that it says.
fn run(folder: &Path, line: &str) -> (i32, String) {
    let words = shlex::split(line).expect("words");
    assert_eq!(words[0], "lifeboat", "{line}");
    let run = Command::new(env!("CARGO_BIN_EXE_lifeboat"))
        .args(&words[1..])
        .current_dir(folder)
        .output()
        .expect("runs");
    let all = format!("{}{}", String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
    (run.status.code().unwrap_or(-1), all)
}

/// The command that the last `next:` names in backticks.
fn next(said: &str) -> String {
    let line = said
        .lines()
        .rev()
        .find(|l| l.starts_with("next: "))
        .unwrap_or_else(|| panic!("no next step in:\n{said}"));
    line.split('`').nth(1).unwrap_or_else(|| panic!("no command in: {line}")).to_owned()
}

#[test]
fn from_an_empty_folder_each_step_names_the_next() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    // What somebody types who has read nothing.
    let (code, said) = run(at, "lifeboat build");
    assert_eq!(code, 2);
    assert!(said.contains("lifeboat init"), "{said}");
    let (code, said) = run(at, "lifeboat init");
    assert_eq!(code, 0, "{said}");
    let (code, said) = run(at, &next(&said));
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("claims: "), "{said}");
    let (code, said) = run(at, &next(&said));
    assert_eq!(code, 0, "{said}");
    assert!(at.join("report.html").is_file(), "{said}");
    let (code, said) = run(at, "lifeboat check");
    assert_eq!(code, 0, "{said}");
    let (code, said) = run(at, "lifeboat init");
    assert_eq!(code, 2);
    assert!(said.contains("overwrites nothing"), "{said}");
}

#[test]
fn a_named_folder_works_the_same() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let (code, said) = run(at, "lifeboat init sites/plant-7");
    assert_eq!(code, 0, "{said}");
    let (code, said) = run(at, &next(&said));
    assert_eq!(code, 0, "{said}");
    let (code, said) = run(at, &next(&said));
    assert_eq!(code, 0, "{said}");
}

//! Every command of `docs/proof.md` runs, with the exit code that it says.

use std::process::Command;

#[test]
fn every_command_of_the_page_runs() {
    let root = env!("CARGO_MANIFEST_DIR");
    let page = std::fs::read_to_string(format!("{root}/docs/proof.md")).unwrap();
    let mut ran = 0;
    for line in page.lines().filter(|l| l.starts_with("lifeboat ")) {
        let (command, comment) = line.split_once('#').unwrap_or((line, ""));
        let expected = if comment.contains("exit 1") { 1 } else { 0 };
        let mut args = shlex::split(command).unwrap();
        args.remove(0);
        let output =
            Command::new(env!("CARGO_BIN_EXE_lifeboat")).current_dir(root).args(&args).output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(expected), "{line}\n{errors}");
        assert!(!output.stdout.is_empty(), "{line} says nothing");
        ran += 1;
    }
    assert!(ran >= 7, "{ran} commands");
}

//! `lifeboat prove` as people run it. A case is a folder in `tests/cases/prove`: `args` are run in the root of the
//! repository, `stdout` and `stderr` are what comes out, and the exit code is in the last line of `stderr`.
//!
//! Re-record with `GOLDEN=overwrite cargo test --test it prove::cli`.

use std::path::Path;
use std::process::Command;

#[test]
fn every_case_prints_what_it_printed() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let overwrite = std::env::var_os("GOLDEN").is_some_and(|v| v == "overwrite");
    let mut cases: Vec<_> =
        std::fs::read_dir(root.join("tests/cases/prove")).unwrap().map(|e| e.unwrap().path()).collect();
    cases.sort();
    let mut wrong = Vec::new();
    for case in &cases {
        let args = std::fs::read_to_string(case.join("args")).unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_lifeboat"))
            .current_dir(root)
            .args(shlex::split(args.trim()).unwrap())
            .output()
            .unwrap();
        let code = output.status.code().unwrap();
        let stdout = String::from_utf8(output.stdout).unwrap();
        let stderr = format!("{}exit code {code}\n", String::from_utf8(output.stderr).unwrap());
        for (name, now) in [("stdout", stdout), ("stderr", stderr)] {
            let path = case.join(name);
            if overwrite {
                std::fs::write(&path, &now).unwrap();
                continue;
            }
            let before = std::fs::read_to_string(&path).unwrap_or_default();
            if before != now {
                let diff = similar::TextDiff::from_lines(&before, &now);
                wrong.push(format!("{}\n{}", path.display(), diff.unified_diff()));
            }
        }
    }
    assert!(!cases.is_empty());
    assert!(
        wrong.is_empty(),
        "{}\nif that is meant: GOLDEN=overwrite cargo test --test it prove::cli",
        wrong.join("\n")
    );
}

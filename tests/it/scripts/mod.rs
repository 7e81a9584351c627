//! The scripts that a build writes, rendered with hostile names and run with a `kubectl` that records
//! what it is asked.

mod examples;
mod fence;
mod host;
mod hostile;
mod rebalance;
mod runbook;
mod taints;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

/// A folder with a script and a fake `kubectl`.
pub(crate) struct Stage {
    dir: tempfile::TempDir,
    rules: String,
    count: usize,
}

impl Stage {
    pub(crate) fn new() -> Self {
        Self { dir: tempfile::tempdir().expect("a temporary folder"), rules: String::new(), count: 0 }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// `kubectl` answers calls whose arguments contain `part` with `stdout` and `code`. The first rule
    /// that matches counts; a call without a rule fails.
    pub(crate) fn answer(&mut self, part: &str, stdout: &str, code: u8) -> &mut Self {
        self.count += 1;
        let file = format!("answer-{}", self.count);
        fs::write(self.path(&file), stdout).expect("an answer");
        let part = part.replace('\'', "'\\''");
        self.rules.push_str(&format!("*'{part}'*) cat \"$HERE/{file}\"; exit {code} ;;\n"));
        self
    }

    /// Puts an executable into the folder, which is first on the `PATH`.
    pub(crate) fn program(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(&path, text).expect("a program");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("the run bit");
    }

    /// Runs the script in the folder with `sh`.
    pub(crate) fn run(&self, script: &str, args: &[&str]) -> Run {
        self.program("script.sh", script);
        self.program(
            "kubectl",
            &format!(
                "#!/bin/sh\nHERE={here}\n{{ for a in \"$@\"; do printf '%s\\037' \"$a\"; done; printf '\\036'; }} >>\"$HERE/calls\"\ncase \"$*\" in\n{rules}*) echo \"no rule for: $*\" >&2; exit 1 ;;\nesac\n",
                here = shlex::try_quote(self.dir.path().to_str().expect("UTF-8")).expect("no NUL"),
                rules = self.rules,
            ),
        );
        let _ = fs::remove_file(self.path("calls"));
        let path = format!("{}:/usr/local/bin:/usr/bin:/bin", self.dir.path().display());
        let output = Command::new("sh")
            .arg(self.path("script.sh"))
            .args(args)
            .current_dir(self.dir.path())
            .env_clear()
            .env("PATH", path)
            .stdin(Stdio::null())
            .output()
            .expect("sh runs");
        let calls = fs::read_to_string(self.path("calls")).unwrap_or_default();
        let calls = calls
            .split_terminator('\u{1e}')
            .map(|call| call.split_terminator('\u{1f}').map(str::to_owned).collect())
            .collect();
        Run { output, calls }
    }
}

/// What a script did.
pub(crate) struct Run {
    output: Output,
    calls: Vec<Vec<String>>,
}

impl Run {
    pub(crate) fn stdout(&self) -> String {
        String::from_utf8_lossy(&self.output.stdout).into_owned()
    }

    /// Fails the test, showing both streams, unless the exit code is this.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        let stderr = String::from_utf8_lossy(&self.output.stderr);
        assert_eq!(self.output.status.code(), Some(code), "stdout:\n{}\nstderr:\n{stderr}", self.stdout());
        self
    }

    /// Fails the test unless standard output or error contains the text.
    #[track_caller]
    pub(crate) fn says(self, text: &str) -> Self {
        let stderr = String::from_utf8_lossy(&self.output.stderr);
        let stdout = self.stdout();
        assert!(stdout.contains(text) || stderr.contains(text), "{text:?} not in\n{stdout}\n{stderr}");
        self
    }

    /// The calls that write: everything but `get`.
    pub(crate) fn writes(&self) -> Vec<Vec<&str>> {
        let calls = self.calls.iter().map(|call| call.iter().map(String::as_str).collect::<Vec<_>>());
        calls.filter(|call| !call.contains(&"get")).collect()
    }
}

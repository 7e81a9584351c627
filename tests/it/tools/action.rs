//! The GitHub action, the pre-commit hooks and the container recipe, as far as they go offline: their
//! YAML is read, their commands are run in a repository with a pull request, with a `gh` that takes notes.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use super::{flags_exist, read};

fn yaml(name: &str) -> Value {
    let document = lifeboat::yaml::read(&read(name), 1, &lifeboat::yaml::Budget::default()).expect("YAML");
    assert!(document.duplicates.is_empty(), "{name}: {:?}", document.duplicates);
    document.root.expect("a document").to_json()
}

fn git(folder: &Path, arguments: &[&str]) -> String {
    let run = Command::new("git")
        .args(["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"])
        .args(arguments)
        .current_dir(folder)
        .output()
        .expect("git");
    assert!(run.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&run.stderr));
    String::from_utf8_lossy(&run.stdout).trim().to_owned()
}

/// A repository with a built site, and what the runner sets.
struct Runner {
    folder: tempfile::TempDir,
    base: String,
}

impl Runner {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let site = folder.path().join("site");
        fs::create_dir(&site).expect("made");
        fs::write(
            site.join("policy.toml"),
            read("tests/cases/diff/larger-applications-break-a-claim/before.toml"),
        )
        .expect("written");
        let bin = folder.path().join("bin");
        fs::create_dir(&bin).expect("made");
        // `gh` writes down what it is asked for, and knows the comment that it was given.
        let gh = "#!/bin/sh\nprintf '%s\\n' \"$@\" >>\"$NOTES\"\n[ \"$1 $2\" != 'pr view' ] || cat \"$NOTES.url\" 2>/dev/null || true\n";
        fs::write(bin.join("gh"), gh).expect("written");
        let mode = Command::new("chmod").arg("+x").arg(bin.join("gh")).status().expect("chmod");
        assert!(mode.success());
        let runner = Self { folder, base: String::new() };
        assert!(runner.lifeboat(&["build"]).status.success());
        git(&site, &["init", "-q", "-b", "main"]);
        git(&site, &["add", "."]);
        git(&site, &["commit", "-q", "-m", "before"]);
        Self { base: git(&site, &["rev-parse", "HEAD"]), ..runner }
    }

    fn lifeboat(&self, arguments: &[&str]) -> Output {
        let site = self.folder.path().join("site");
        Command::new(env!("CARGO_BIN_EXE_lifeboat")).args(arguments).current_dir(site).output().expect("runs")
    }

    /// Runs the step of this name as a composite action's shell does, with its own environment.
    fn step(&self, name: &str, more: &[(&str, &str)]) -> Output {
        let action = yaml("action.yml");
        let steps = action["runs"]["steps"].as_array().expect("steps");
        let step = steps.iter().find(|s| s["name"] == name).unwrap_or_else(|| panic!("no step {name}"));
        let at = |name: &str| self.folder.path().join(name).display().to_string();
        let binary = Path::new(env!("CARGO_BIN_EXE_lifeboat")).parent().expect("a folder").display();
        let path = format!("{}:{binary}:{}", at("bin"), std::env::var("PATH").unwrap_or_default());
        let mut values: BTreeMap<&str, String> = BTreeMap::from([
            ("POLICY", "policy.toml".to_owned()),
            ("FROM", self.base.clone()),
            ("REPORT", at("lifeboat.md")),
            ("NUMBER", "7".to_owned()),
            ("GH_TOKEN", "secret".to_owned()),
            ("GH_REPO", "o/r".to_owned()),
            ("SOURCE", at("nowhere")),
        ]);
        values.extend(more.iter().map(|(k, v)| (*k, (*v).to_owned())));
        let mut command = Command::new("bash");
        command.args(["--noprofile", "--norc", "-eo", "pipefail", "-c"]);
        command.arg(step["run"].as_str().expect("a script")).current_dir(self.folder.path().join("site"));
        command.env_clear().env("PATH", path).env("HOME", at("")).env("NOTES", at("notes"));
        command.env("GITHUB_OUTPUT", at("output")).env("GITHUB_STEP_SUMMARY", at("summary"));
        for name in step["env"].as_object().into_iter().flat_map(|env| env.keys()) {
            command.env(name, values.get(name.as_str()).unwrap_or_else(|| panic!("{name} is not known")));
        }
        command.output().expect("bash")
    }

    fn file(&self, name: &str) -> String {
        fs::read_to_string(self.folder.path().join(name)).unwrap_or_default()
    }
}

fn succeeds(run: &Output) {
    let all = format!("{}{}", String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
    assert!(run.status.success(), "{all}");
}

#[test]
fn the_action_passes_a_quiet_change_and_posts_it() {
    let runner = Runner::new();
    succeeds(&runner.step("install", &[]));
    succeeds(&runner.step("compare", &[]));
    assert_eq!(runner.file("lifeboat.md"), "**lifeboat**: nothing changes.\n");
    assert_eq!(runner.file("summary"), runner.file("lifeboat.md"));
    assert!(runner.file("output").starts_with("report="), "{}", runner.file("output"));
    succeeds(&runner.step("comment", &[]));
    let notes = runner.file("notes");
    assert!(notes.starts_with("pr\nview\n7\n--json\ncomments\n--jq\n"), "{notes}");
    assert!(notes.contains("\npr\ncomment\n7\n--body-file\n"), "{notes}");
    let comment = runner.file("lifeboat.md.comment");
    assert_eq!(comment, "<!-- lifeboat: policy.toml -->\n**lifeboat**: nothing changes.\n");
    succeeds(&runner.step("check", &[]));
}

/// Other workflows comment as the same user: only what carries the mark is edited.
#[test]
fn the_action_edits_its_own_comment_only() {
    let runner = Runner::new();
    succeeds(&runner.step("compare", &[]));
    let url = "https://github.com/o/r/pull/7#issuecomment-42\n";
    fs::write(runner.folder.path().join("notes.url"), url).expect("written");
    succeeds(&runner.step("comment", &[("POLICY", "a b/policy.toml`-->")]));
    let notes = runner.file("notes");
    assert!(notes.contains("viewerDidAuthor and (.body | startswith($ENV.MARK))"), "{notes}");
    assert!(notes.contains("--method\nPATCH\nrepos/o/r/issues/comments/42\n-F\nbody=@"), "{notes}");
    assert!(!notes.contains("--edit-last"), "{notes}");
    assert!(runner.file("lifeboat.md.comment").starts_with("<!-- lifeboat: a_b/policy.toml_--_ -->\n"));
}

/// A policy that does not compile still gets its annotations, and the comment says that there is nothing to compare.
#[test]
fn the_action_annotates_a_broken_policy() {
    let runner = Runner::new();
    let site = runner.folder.path().join("site");
    let broken =
        fs::read_to_string(site.join("policy.toml")).expect("text").replace("[cluster]", "[clutser]");
    fs::write(site.join("policy.toml"), broken).expect("written");
    succeeds(&runner.step("compare", &[]));
    assert!(runner.file("lifeboat.md").contains("nothing can be compared"), "{}", runner.file("lifeboat.md"));
    assert!(runner.file("output").starts_with("report="));
    succeeds(&runner.step("comment", &[]));
    let check = runner.step("check", &[]);
    assert_eq!(check.status.code(), Some(2));
    let said = String::from_utf8_lossy(&check.stderr).into_owned() + &String::from_utf8_lossy(&check.stdout);
    assert!(said.contains("::error file=policy.toml,line="), "{said}");
    let action = yaml("action.yml");
    let steps = action["runs"]["steps"].as_array().expect("steps");
    let check = steps.iter().find(|s| s["name"] == "check").expect("a check");
    assert!(check["if"].as_str().is_some_and(|text| text.contains("!cancelled()")), "{check}");
}

#[test]
fn the_action_posts_a_broken_claim_and_fails_the_check() {
    let runner = Runner::new();
    let site = runner.folder.path().join("site");
    fs::write(
        site.join("policy.toml"),
        read("tests/cases/diff/larger-applications-break-a-claim/after.toml"),
    )
    .expect("written");
    succeeds(&runner.step("compare", &[]));
    assert!(runner.file("lifeboat.md").contains("now **REFUTED**"), "{}", runner.file("lifeboat.md"));
    let check = runner.step("check", &[]);
    assert_eq!(check.status.code(), Some(1));
    let said = String::from_utf8_lossy(&check.stderr).into_owned() + &String::from_utf8_lossy(&check.stdout);
    for wanted in [
        "::error file=policy.toml,line=",
        "title=claim-refuted::",
        "::error file=out/",
        "title=changed-file::",
    ] {
        assert!(said.contains(wanted), "no {wanted} in:\n{said}");
    }
}

#[test]
fn the_action_has_nothing_to_compare_with_on_a_push() {
    let runner = Runner::new();
    let run = runner.step("compare", &[("FROM", "")]);
    succeeds(&run);
    assert_eq!(runner.file("output"), "", "no report, so that nothing is posted");
}

/// What comes from a pull request reaches a script through the environment only, never its text.
#[test]
fn no_script_of_the_action_is_made_of_expressions() {
    let action = yaml("action.yml");
    for step in action["runs"]["steps"].as_array().expect("steps") {
        let script = step["run"].as_str().expect("a script");
        assert!(!script.contains("${{"), "{script}");
        assert_eq!(step["shell"], "bash");
        for line in script.lines().map(str::trim).filter_map(|l| l.strip_prefix("lifeboat ")) {
            if !line.starts_with("--version") {
                flags_exist(line.split(" >").next().expect("a line"));
            }
        }
    }
}

#[test]
fn the_hooks_run_commands_that_exist() {
    let hooks = yaml(".pre-commit-hooks.yaml");
    for hook in hooks.as_array().expect("hooks") {
        flags_exist(hook["entry"].as_str().and_then(|e| e.strip_prefix("lifeboat ")).expect("lifeboat"));
        assert_eq!(hook["pass_filenames"], false);
        let files =
            regex::Regex::new(hook["files"].as_str().expect("a pattern")).expect("a regular expression");
        assert!(files.is_match("policy.toml") && files.is_match("golden/argocd/values.yaml"));
    }
}

#[test]
fn the_container_recipe_builds_what_there_is() {
    let recipe = read("docs/examples/Containerfile");
    let version = read("Cargo.toml");
    let minor = version.lines().find_map(|l| l.strip_prefix("rust-version = \"")).expect("a version");
    assert!(recipe.contains(&format!("rust:{}-alpine", minor.trim_end_matches('"'))), "{recipe}");
    for line in recipe.lines().filter_map(|l| l.strip_prefix("#   docker run ")) {
        let command = line.split(" lifeboat ").nth(1).expect("a command");
        flags_exist(command);
    }
    let entry = recipe.lines().find_map(|l| l.strip_prefix("ENTRYPOINT ")).expect("an entry point");
    let entry: Vec<String> = serde_json::from_str(entry).expect("JSON");
    assert!(recipe.contains(&format!("/release/lifeboat {}", entry[0])));
}

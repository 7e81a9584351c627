//! `render` and `charts probe` as commands: with a stand-in for Helm always, and with the real one where
//! `LIFEBOAT_HELM` names it.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

use super::{beacon, case, golden};

/// A Helm that prints a recorded render, and fails or dawdles if it is told so.
const STAND_IN: &str = r#"#!/bin/sh
case "$1" in
version) echo "${FAKE_VERSION:-v4.3.1}" ;;
template)
  case "$FAKE_MOOD" in
  fail) echo "Error: execution error at (beacon/templates/tower.yaml:3:4): no image" >&2; echo >&2; echo "use --debug" >&2; exit 1 ;;
  dawdle) exec sleep 60 ;;
  # Of the old chart every render is another one; the new one heeds no values.
  bump) case "$3" in *older) eval "cat \"\${$#}\""| sed 's/^/# /' ;; esac; cat "$FAKE_RENDER" ;;
  *) cat "$FAKE_RENDER" ;;
  esac ;;
esac
"#;

struct Stage {
    folder: tempfile::TempDir,
}

impl Stage {
    /// A copy of the case, and the stand-in beside it.
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("charts")).unwrap();
        for name in ["policy.toml", "team.yaml", "charts/beacon.toml"] {
            fs::copy(case().join(name), at(name)).unwrap();
        }
        fs::write(at("helm"), STAND_IN).unwrap();
        fs::set_permissions(at("helm"), fs::Permissions::from_mode(0o755)).unwrap();
        Self { folder }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn run(&self, helm: &Path, args: &[&str], env: &[(&str, &str)]) -> (i32, String, String) {
        let render = case().join("rendered.yaml");
        let output: Output = Command::new(env!("CARGO_BIN_EXE_lifeboat"))
            .args(args)
            .current_dir(self.path())
            .env("LIFEBOAT_HELM", helm)
            .env("XDG_CACHE_HOME", self.path().join("cache"))
            .env("FAKE_RENDER", render)
            .envs(env.iter().copied())
            .output()
            .unwrap();
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
    }

    fn play(&self, args: &[&str], env: &[(&str, &str)]) -> (i32, String, String) {
        self.run(&self.path().join("helm"), args, env)
    }
}

fn chart() -> String {
    beacon().to_string_lossy().into_owned()
}

#[test]
fn a_recorded_render_holds() {
    let stage = Stage::new();
    let (code, out, err) = stage.play(&["render", "--charts", &chart(), "--out", "kept"], &[]);
    assert_eq!(code, 0, "{out}{err}");
    assert!(out.contains("4 hold, 0 violate"), "{out}");
    assert!(
        err.contains("Helm 4.3.1: a null in a file passed with -f deletes a default; in an umbrella"),
        "{err}"
    );
    assert!(stage.path().join("kept/beacon.yaml").is_file());
    // An older Helm has another rule.
    let (_, _, err) = stage.play(&["render", "--charts", &chart()], &[("FAKE_VERSION", "v3.22")]);
    assert!(err.contains("Helm 3.22.0: a null in a file passed with -f, or in an umbrella"), "{err}");
}

#[test]
fn what_helm_says_is_shown_as_it_is() {
    let stage = Stage::new();
    let (code, _, err) = stage.play(&["render", "--charts", &chart()], &[("FAKE_MOOD", "fail")]);
    assert_eq!(code, 2);
    assert!(err.contains("error[helm-failed]"), "{err}");
    assert!(err.contains("execution error at (beacon/templates/tower.yaml:3:4): no image"), "{err}");
    assert!(err.contains("use --debug") && !err.contains("\\n"), "{err}");
}

#[test]
fn a_helm_that_does_not_finish_is_ended() {
    let stage = Stage::new();
    let args = ["render", "--charts", &chart(), "--helm-timeout", "1"];
    let (code, _, err) = stage.play(&args, &[("FAKE_MOOD", "dawdle")]);
    assert_eq!(code, 2);
    assert!(err.contains("Helm did not finish within 1 s"), "{err}");
}

#[test]
fn without_helm_or_chart_it_says_what_to_do() {
    let stage = Stage::new();
    let (code, _, err) = stage.run(Path::new("no-such-helm"), &["render", "--charts", &chart()], &[]);
    assert_eq!(code, 2);
    assert!(err.contains("name yours with --helm"), "{err}");
    let (code, _, err) = stage.run(Path::new("."), &["render", "--charts", &chart()], &[]);
    assert_eq!(code, 2);
    assert!(err.contains(". is a folder; --helm takes the program itself"), "{err}");
    let (code, _, err) = stage.play(&["render"], &[]);
    assert_eq!(code, 2);
    assert!(err.contains("error[chart-missing]") && err.contains("helm pull beacon --repo"), "{err}");
    let (code, _, err) = stage.play(&["render", "becon", "--charts", &chart()], &[]);
    assert_eq!(code, 2);
    assert!(err.contains("did you mean `beacon`?"), "{err}");
}

#[test]
fn keys_that_change_nothing_are_dead() {
    // The stand-in renders the same whatever the values are, so that every unknown key is dead.
    let stage = Stage::new();
    fs::write(stage.path().join("theirs.yaml"), "tower:\n  replicas: 2\n  toleratoins: []\n").unwrap();
    let args = ["render", "--charts", &chart(), "--values", "theirs.yaml"];
    let (code, _, err) = stage.play(&args, &[]);
    assert_eq!(code, 0, "{err}");
    assert!(err.contains("warning[dead-value]: `tower.toleratoins` changes nothing"), "{err}");
    assert!(err.contains("did you mean `tower.tolerations`?") && !err.contains("tower.replicas"), "{err}");
    let denied = [&args[..], &["-D", "dead-value"]].concat();
    assert_eq!(stage.play(&denied, &[]).0, 1);
    // In a format for programs it stands in the report, at its line of the values file.
    let (_, out, _) = stage.play(&[&args[..], &["--format", "json"]].concat(), &[]);
    let lines = out.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let dead: Vec<serde_json::Value> = lines.filter(|line| line["code"] == "dead-value").collect();
    assert_eq!(dead.len(), 1, "{out}");
    assert_eq!((&dead[0]["at"]["file"], &dead[0]["at"]["line"]), (&"theirs.yaml".into(), &3.into()));
}

#[test]
fn an_overlay_that_the_new_chart_ignores_is_told() {
    let stage = Stage::new();
    let older = stage.path().join("older");
    for (name, bytes) in super::files(&beacon()) {
        fs::create_dir_all(older.join(&name).parent().unwrap()).unwrap();
        fs::write(older.join(&name), bytes).unwrap();
    }
    let args = ["render", "--charts", &chart(), "--against", "older"];
    let (code, out, err) = stage.play(&args, &[("FAKE_MOOD", "bump")]);
    assert_eq!(code, 1, "{out}{err}");
    let told = "error[dead-overlay-value]: `tower.tolerations` changes nothing in beacon 1.2.0";
    assert!(err.contains(told), "{err}");
    assert!(
        out.contains("the same pods") && out.contains("values of the overlay do nothing any more"),
        "{out}"
    );
    // For a program, everything is in one report, and nothing else is on standard output.
    let (code, out, _) = stage.play(&[&args[..], &["--format", "json"]].concat(), &[("FAKE_MOOD", "bump")]);
    assert_eq!(code, 1, "{out}");
    let lines: Vec<serde_json::Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(lines.iter().any(|line| line["code"] == "dead-overlay-value"), "{out}");
    assert_eq!(lines.last().unwrap()["type"], "summary");
    // What does nothing in both has not become dead.
    let (code, out, err) = stage.play(&args, &[]);
    assert_eq!(code, 0, "{out}{err}");
    assert!(out.contains("the plan still holds with the overlay as it is"), "{out}");
}

/// The whole way with real Helm: probe, build, render, verify.
#[test]
#[ignore = "needs LIFEBOAT_HELM: .ci/run runs it"]
fn a_chart_that_nobody_knows_works_end_to_end() {
    let helm = std::env::var_os("LIFEBOAT_HELM").expect("LIFEBOAT_HELM names a Helm");
    let helm = Path::new(&helm);
    let stage = Stage::new();
    fs::remove_file(stage.path().join("charts/beacon.toml")).unwrap();
    let url = "https://charts.example.org";
    let probe = ["charts", "probe", &chart(), "--repository", url, "--out", "charts/beacon.toml"];
    let (code, out, err) = stage.run(helm, &probe, &[]);
    assert_eq!(code, 0, "{out}{err}");
    golden(
        &case().join("charts/beacon.toml"),
        &fs::read_to_string(stage.path().join("charts/beacon.toml")).unwrap(),
    );
    let (code, out, err) =
        stage.run(helm, &["charts", "probe", &chart(), "--check", "charts/beacon.toml"], &[]);
    assert_eq!(code, 0, "{out}{err}");
    let (code, out, err) = stage.run(helm, &["build"], &[]);
    assert_eq!(code, 0, "{out}{err}");
    let (code, out, err) = stage.run(helm, &["render", "--charts", &chart(), "--out", "kept"], &[]);
    assert_eq!(code, 0, "{out}{err}");
    // Helm 4 ends each document with an empty line more.
    let kept = fs::read_to_string(stage.path().join("kept/beacon.yaml")).unwrap();
    let kept: String = kept.lines().filter(|l| !l.is_empty()).map(|l| format!("{l}\n")).collect();
    golden(&case().join("rendered.yaml"), &kept);
    // Only what nobody reads is dead; what stands in a comment of the chart only, but is read, is not.
    let theirs = "tower:\n  topologySpreadConstraints:\n    - {maxSkew: 1, topologyKey: a, whenUnsatisfiable: ScheduleAnyway}\n\
                  tolerations:\n  - {key: a, operator: Exists}\n";
    fs::write(stage.path().join("theirs.yaml"), theirs).unwrap();
    let args = ["render", "--charts", &chart(), "--values", "theirs.yaml"];
    let (_, _, err) = stage.run(helm, &args, &[]);
    assert!(
        err.contains("`tolerations` changes nothing") && err.contains("did you mean `tower.tolerations`?"),
        "{err}"
    );
    assert!(!err.contains("topologySpreadConstraints` changes nothing"), "{err}");
    // Compared with itself, nothing is dead.
    let (code, out, err) = stage.run(helm, &["render", "--charts", &chart(), "--against", &chart()], &[]);
    assert_eq!(code, 0, "{out}{err}");
}

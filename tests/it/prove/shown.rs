//! What `lifeboat prove` shows: words, seconds, reasons. Policies are in `tests/data/prove`.

use std::process::Command;

/// What a command prints, with what it says on the side; in the root of the repository.
fn said(args: &[&str]) -> (String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_lifeboat"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(args)
        .output()
        .expect("the binary runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    (text(output.stdout), text(output.stderr))
}

fn shown(args: &[&str]) -> String {
    said(args).0
}

fn has(text: &str, line: &str) {
    assert!(text.lines().any(|l| l.contains(line)), "`{line}` is not in\n{text}");
}

#[test]
fn what_waits_for_a_fence_says_so() {
    let shipped = shown(&["prove"]);
    has(&shipped, "up 340-433 s, single-binary 1-123 s after fence, data lost          loki (important)");
    has(
        &shipped,
        "lifeboat 340-439 s, application-controller 1-88 s after fence, data lost  argocd (critical)",
    );
    // Three of five nodes are away: evictions stop, and only a fence moves a Deployment's pods.
    let stopped = shown(&["prove", "tests/data/prove/three-servers.toml", "--remedies", "0"]);
    has(&stopped, "lifeboat 1-75 s after fence  workloads (critical)");
    // One pod is back by itself, the other after the fence: two clocks.
    let both = shown(&["prove", "tests/data/prove/three-of-four.toml", "--remedies", "0"]);
    has(&both, "lifeboat 340-437 s, rest 1-69 s after fence  workloads (critical)");
}

#[test]
fn a_pod_that_is_replaced_hides_none_that_is_not() {
    let text = shown(&["prove", "tests/data/prove/three-of-four.toml", "--remedies", "0"]);
    has(&text, "end  so brain has 1 of 2 pods up on master; 1 bound to w2, dead");
}

/// Beyond eight nodes one set stands for all that lose as many of each kind: of eight workers 8 and 28.
#[test]
fn of_interchangeable_nodes_one_set_stands_for_all() {
    let folder = tempfile::tempdir().expect("a folder");
    let policy = folder.path().join("policy.toml");
    let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/policy.toml");
    let more: String = (3..=8).map(|i| format!("nodes.worker-{i}.like = \"worker-1\"\n")).collect();
    std::fs::write(&policy, format!("extends = {shipped:?}\n{more}")).expect("written");
    let text = shown(&["prove", policy.to_str().expect("text"), "--remedies", "0"]);
    for line in [
        "lost: master  [blind]",
        "lost: worker-1 (or 7 alike)  [yellow]",
        "lost: master + worker-1 (or 7 alike)",
        "lost: worker-1 + worker-2 (or 27 alike)  [red]",
        "lost: all  [black]",
    ] {
        has(&text, line);
    }
    assert_eq!(text.lines().filter(|line| line.starts_with("lost: ")).count(), 6, "{text}");
}

#[test]
fn a_pod_that_waits_says_why() {
    let text = shown(&["prove"]);
    has(
        &text,
        "no node takes app-billing, app-hmi: master: had untolerated taint(s); worker-2: Insufficient memory",
    );
    let story = shown(&["prove", "--lose", "worker-1"]);
    has(
        &story,
        "so app-billing has 1 of 2 pods up on worker-2; 1 Pending (master: had untolerated taint(s); worker-2: Insufficient memory)",
    );
}

/// Time grows with the square of the pods: more than are played are refused at once, by name and place of the limit.
#[test]
fn more_pods_than_are_played_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let policy = folder.path().join("policy.toml");
    let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/policy.toml");
    std::fs::write(&policy, format!("extends = {shipped:?}\n[workloads.app-shop]\nreplicas = 10_000\n"))
        .expect("written");
    let (out, told) = said(&["prove", policy.to_str().expect("text"), "--format", "short"]);
    assert_eq!(out, "");
    has(&told, "error[not-modelled]: nothing is proved of this cluster: 100");
    has(&told, "pods: runs of more than 3000 are not played");
}

/// The sizes that the headroom names are true: at the one every claim is proved, at the other the named one is refuted.
#[test]
fn headroom_in_json_is_what_a_policy_of_that_size_proves() {
    let found: serde_json::Value =
        serde_json::from_str(&shown(&["prove", "--headroom", "--format", "json"])).expect("JSON");
    let rows = found["nodes"].as_array().expect("rows");
    assert_eq!(rows.len(), 4, "{found}");
    for row in rows {
        let (today, proved) = (row["today"].as_u64().unwrap(), row["proved"].as_u64().unwrap());
        let refuted = row["refuted"]["from"].as_u64().unwrap();
        assert!(refuted < proved && proved <= today, "{row}");
    }
    let row = rows.iter().find(|row| row["nodes"] == "lifeboat" && row["resource"] == "cpu").expect("a row");
    let folder = tempfile::tempdir().expect("a folder");
    let policy = folder.path().join("policy.toml");
    let claims = |milli: &serde_json::Value| -> Vec<(String, String)> {
        let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/policy.toml");
        // The host keeps 500m for itself.
        let cpu = milli.as_u64().unwrap() + 500;
        let capacity = format!("capacity = {{ cpu = \"{cpu}m\", memory = \"7900Mi\" }}");
        std::fs::write(&policy, format!("extends = {shipped:?}\n[nodes.master]\n{capacity}\n"))
            .expect("written");
        let path = policy.to_str().expect("text");
        let text = shown(&["prove", path, "--remedies", "0", "--format", "json"]);
        let proof: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        let told = proof["claims"].as_array().unwrap().iter();
        told.map(|c| {
            let word = |key: &str| c[key].as_str().unwrap().to_owned();
            (format!("{}: {}", word("scenario"), word("claim")), word("verdict"))
        })
        .collect()
    };
    let all = claims(&row["proved"]);
    assert!(all.iter().all(|(_, verdict)| verdict == "proved"), "{all:?}");
    let named = row["refuted"]["claim"].as_str().expect("a claim");
    let all = claims(&row["refuted"]["from"]);
    assert!(all.iter().any(|(claim, verdict)| claim == named && verdict == "refuted"), "{named}: {all:?}");
}

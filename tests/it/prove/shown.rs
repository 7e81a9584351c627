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

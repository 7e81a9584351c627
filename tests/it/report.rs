//! The report: its text, its size, and the page in a real browser.

mod browser;

use std::process::Command;

/// Runs the binary at the root of the repository; its standard output.
fn lifeboat(arguments: &[&str]) -> String {
    let run = Command::new(env!("CARGO_BIN_EXE_lifeboat"))
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("lifeboat runs");
    assert!(run.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&run.stderr));
    String::from_utf8(run.stdout).expect("text")
}

#[test]
fn the_page_is_one_small_file_that_names_no_other() {
    let page = lifeboat(&["report", "--html", "-"]);
    assert!(page.len() < 500_000, "{} bytes", page.len());
    for forbidden in
        ["http://", "https://", "src=", "@import", "url(", "fetch(", "XMLHttpRequest", "WebSocket"]
    {
        let found = page.match_indices(forbidden).find(|(at, _)| {
            // The namespace of SVG is a name, not an address.
            !page[*at..].starts_with("http://www.w3.org/2000/svg")
        });
        assert!(found.is_none(), "the page says {forbidden}");
    }
    assert_eq!(page, lifeboat(&["report", "--html", "-"]), "the same policy gives the same page");
}

#[test]
fn without_javascript_the_page_has_the_table_and_a_picture_of_each_scenario() {
    let page = lifeboat(&["report", "--html", "-"]);
    let still = page.split("<script").next().expect("a page");
    for scenario in ["green", "yellow", "red", "black", "blind"] {
        assert!(
            still.contains(&format!("<figcaption>{scenario}</figcaption><svg")),
            "no picture of {scenario}"
        );
    }
    // Each link within the page leads somewhere.
    for (at, _) in still.match_indices("href=\"#") {
        let target = still[at + 7..].split('"').next().expect("a target");
        assert!(still.contains(&format!("id=\"{target}\"")), "#{target} leads nowhere");
    }
    assert!(still.contains("340-433 s"), "the table is there");
    assert!(still.contains("detection "), "an outage names its parts");
}

#[test]
fn a_hostile_name_stays_text() {
    let folder = tempfile::tempdir().expect("a folder");
    let policy = include_str!("../../policy.toml")
        .replace("data = \"silences\"", "data = \"</script><script>alert(1)</script>\"")
        .replace("values = [\"values/loki.yaml\"]", "values = []")
        .replace("[scenarios.red]", "[scenarios.red]\n");
    let path = folder.path().join("policy.toml");
    std::fs::write(&path, policy).expect("written");
    let page = lifeboat(&["report", path.to_str().expect("UTF-8"), "--html", "-"]);
    assert_eq!(page.matches("<script").count(), 2, "the data and the program");
    assert_eq!(page.matches("</script>").count(), 2);
    assert!(!page.contains("alert(1)"), "the page has no place for it, or escapes it");
}

#[test]
fn a_picture_names_what_is_lost() {
    let picture = lifeboat(&["report", "--svg", "-", "--lose", "worker-1 then worker-2"]);
    assert!(picture.starts_with("<svg "), "{picture}");
    assert!(picture.contains("worker-1, then worker-2 lost, fenced"));
    assert!(picture.contains("Waiting for a node"));
    let before = lifeboat(&["report", "--svg", "-", "--lose", "worker-1", "--phase", "eviction"]);
    assert!(before.contains("· stuck"), "a StatefulSet's pod hangs on a dead node");
}

#[test]
fn the_picture_of_the_readme_is_up_to_date() {
    let picture = lifeboat(&["report", "--svg", "-", "--lose", "worker-1,worker-2"]);
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/red.svg");
    if std::env::var_os("GOLDEN").is_some_and(|v| v == "overwrite") {
        std::fs::write(&path, &picture).expect("written");
    }
    let shown = std::fs::read_to_string(&path).expect("docs/red.svg");
    assert_eq!(shown, picture, "GOLDEN=overwrite cargo test --test it report::");
}

//! The report: its text, its size, and the page in a real browser.

mod browser;

use std::collections::BTreeMap;
use std::process::Command;

use lifeboat::catalogue::Catalogue;
use lifeboat::compile;
use lifeboat::policy;
use lifeboat::prove::{Model, table};
use lifeboat::report::atlas::Order;
use lifeboat::report::orders::{self, MOST_ORDERS, Orders};
use lifeboat::source::SourceMap;

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

/// The shipped policy with so many workers.
fn workers(count: usize) -> String {
    let mut more = String::new();
    for n in 3..=count {
        more.push_str(&format!("\n[nodes.worker-{n}]\nlike = \"worker-1\"\n"));
    }
    let policy = include_str!("../../policy.toml").replace("values = [\"values/loki.yaml\"]", "values = []");
    let at = policy.find("\n[lifeboat]").expect("a lifeboat");
    format!("{}{more}{}", &policy[..at], &policy[at..])
}

/// Which orders of losses a page with so many workers holds.
fn held(count: usize) -> (Model, Orders) {
    let files = BTreeMap::from([("policy.toml".to_owned(), workers(count))]);
    let mut sources = SourceMap::default();
    let checked = policy::load(&files, &mut sources, "policy.toml").expect("a policy");
    let (plan, _) =
        compile::plan(checked.policy, &Catalogue::builtin(), &files, &mut sources).expect("a plan");
    let model = Model::of_plan(&plan).expect("a model");
    let orders = orders::of_page(&model);
    (model, orders)
}

#[test]
fn every_row_of_the_table_and_every_scenario_has_its_picture() {
    for count in [2, 3, 4, 7, 11] {
        let (model, held) = held(count);
        for sets in table::loss_sets(&model) {
            let order: Order = vec![sets[0].clone()].into_iter().filter(|set| !set.is_empty()).collect();
            assert!(held.orders.contains(&order), "{count} workers: no picture of {order:?}");
        }
        for order in model.claims.iter().flat_map(|c| &c.losses).filter(|o| !o.iter().all(Vec::is_empty)) {
            assert!(held.orders.contains(order), "{count} workers: no picture of {order:?}");
        }
        for order in &held.orders {
            let parent = &order[..order.len().saturating_sub(1)];
            assert!(held.orders.iter().any(|o| o == parent), "{order:?} goes on from nothing");
        }
    }
}

#[test]
fn up_to_five_nodes_every_order_of_losses_is_in_the_page() {
    // Ordered partitions of each set of so many nodes.
    for (count, orders) in [(2, 26), (3, 150), (4, 1082)] {
        let (_, held) = held(count);
        assert_eq!((held.orders.len(), held.complete, held.deep), (orders, true, count + 1));
    }
    // Beyond, whole depths: 8 * 7 * 6 orders of three of eight nodes.
    let (model, held) = held(7);
    assert_eq!((held.complete, held.deep), (false, 3));
    let singles = |order: &&Order| order.len() == 3 && order.iter().all(|set| set.len() == 1);
    assert_eq!(held.orders.iter().filter(singles).count(), 336);
    assert!(held.orders.len() <= MOST_ORDERS + table::loss_sets(&model).len());
}

/// The scenes that the page of four nodes looks up.
#[test]
fn the_page_of_four_nodes_goes_on_to_the_last_node() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("policy.toml");
    std::fs::write(&path, workers(3)).expect("written");
    let page = lifeboat(&["report", path.to_str().expect("UTF-8"), "--html", "-"]);
    assert!(page.len() < 500_000, "{} bytes", page.len());
    let data = page.split("id=\"data\">").nth(1).and_then(|rest| rest.split("</script>").next());
    let data: serde_json::Value = serde_json::from_str(data.expect("data")).expect("JSON");
    for key in ["1>2/e", "3>1>2/f", "2>1>3/r", "2>3>1>0/f", "0+1>2+3/e"] {
        let scene = &data["scenes"][key];
        let places = scene[1].as_array().unwrap_or_else(|| panic!("{key} is not played"));
        assert_eq!(places.len(), 5, "who waits, and four nodes");
        for (list, ids) in [("places", &scene[1]), ("lines", &scene[2])] {
            for id in ids.as_array().expect("numbers") {
                let at = usize::try_from(id.as_u64().expect("a number")).expect("small");
                assert!(!data[list][at].is_null(), "{key}: {list} {at}");
            }
        }
    }
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

/// Where nobody fences there is no moment after a fence, neither in the page nor in pictures.
#[test]
fn without_fencing_no_scene_is_fenced() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("policy.toml");
    let policy = workers(2).replace("fencing = \"manual\"", "fencing = \"none\"");
    assert!(policy.contains("fencing = \"none\""));
    std::fs::write(&path, policy).expect("written");
    let path = path.to_str().expect("UTF-8");
    let page = lifeboat(&["report", path, "--html", "-"]);
    let data = page.split("id=\"data\">").nth(1).and_then(|rest| rest.split("</script>").next());
    let data: serde_json::Value = serde_json::from_str(data.expect("data")).expect("JSON");
    let scenes: Vec<&String> = data["scenes"].as_object().expect("scenes").keys().collect();
    assert!(scenes.iter().all(|key| !key.ends_with("/f")), "{scenes:?}");
    assert!(scenes.iter().any(|key| *key == "1/e") && scenes.iter().any(|key| *key == "1/r"), "{scenes:?}");
    let picture = lifeboat(&["report", path, "--svg", "-", "--lose", "worker-1"]);
    assert!(picture.contains("after evictions; nobody fences"), "{picture}");
}

//! `docs/review.md`: its YAML is read. Its commands are run in [`super::docs`].

use super::read;

/// Blocks of a language in a page.
fn blocks<'p>(page: &'p str, language: &str) -> Vec<&'p str> {
    let open = format!("```{language}\n");
    page.split(open.as_str()).skip(1).map(|rest| rest.split("```").next().expect("a block")).collect()
}

#[test]
fn the_yaml_of_the_page_names_what_there_is() {
    let page = read("docs/review.md");
    let hooks = read(".pre-commit-hooks.yaml");
    let mut hook = false;
    for block in blocks(&page, "yaml") {
        let document = lifeboat::yaml::read(block, 1, &lifeboat::yaml::Budget::default()).expect("YAML");
        let value = document.root.expect("a document").to_json();
        if let Some(id) = value.pointer("/repos/0/hooks/0/id").and_then(serde_json::Value::as_str) {
            assert!(hooks.contains(&format!("- id: {id}\n")), "{id}");
            hook = true;
        }
    }
    assert!(hook);
}

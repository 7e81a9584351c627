//! Cutting streams into documents.

use lifeboat::yaml::stream::{Chunks, Part};
use lifeboat::yaml::{self, Budget};

/// Document number, first line, part, and the value of each chunk.
fn chunks(text: &str) -> Vec<(u32, u32, Part, String)> {
    Chunks::new(text.as_bytes(), Budget::default())
        .map(|chunk| {
            let chunk = chunk.unwrap();
            let document = yaml::read(&chunk.text, chunk.first_line, &Budget::default()).unwrap();
            let value = document.root.map_or("empty".to_owned(), |root| root.to_json().to_string());
            (chunk.document, chunk.first_line, chunk.part, value)
        })
        .collect()
}

#[track_caller]
fn check(text: &str, expected: &[(u32, u32, Part, &str)]) {
    let expected: Vec<_> = expected.iter().map(|&(d, l, p, v)| (d, l, p, v.to_owned())).collect();
    assert_eq!(chunks(text), expected, "{text:?}");
    assert_eq!(chunks(&text.replace('\n', "\r\n")), expected, "with CRLF: {text:?}");
}

#[test]
fn documents_are_numbered_as_a_parser_counts_them() {
    use Part::Whole;
    check("", &[]);
    check("# nothing\n\n", &[]);
    check("a: 1", &[(1, 1, Whole, r#"{"a":1}"#)]);
    check("---\na: 1\n---\nb: 2\n", &[(1, 1, Whole, r#"{"a":1}"#), (2, 3, Whole, r#"{"b":2}"#)]);
    check("# c\n---\na: 1\n", &[(1, 1, Whole, r#"{"a":1}"#)]);
    check("---\n# Source: x\n---\na: 1\n", &[(1, 1, Whole, "empty"), (2, 3, Whole, r#"{"a":1}"#)]);
    check("a: 1\n...\n# c\n---\nb: 2\n", &[(1, 1, Whole, r#"{"a":1}"#), (2, 3, Whole, r#"{"b":2}"#)]);
    check("a: 1\n...\n", &[(1, 1, Whole, r#"{"a":1}"#)]);
    check("--- {a: 1}\n--- 2\n", &[(1, 1, Whole, r#"{"a":1}"#), (2, 2, Whole, "2")]);
    check("%YAML 1.1\n---\na: 1\n", &[(1, 1, Whole, r#"{"a":1}"#)]);
    check("a: |\n  ---\n  b\n", &[(1, 1, Whole, r#"{"a":"---\nb\n"}"#)]);
    check("a: 1\n---", &[(1, 1, Whole, r#"{"a":1}"#), (2, 2, Whole, "empty")]);
}

#[test]
fn json_values_follow_one_another() {
    use Part::Whole;
    check("{\"a\": 1}\n{\"b\":\n 2}\n", &[(1, 1, Whole, r#"{"a":1}"#), (2, 2, Whole, r#"{"b":2}"#)]);
    check("[\n{\"a\": \"}\\\"\"}\n]\n", &[(1, 1, Whole, r#"[{"a":"}\""}]"#)]);
    check("{\"a\": 1}\n---\n{\"b\": 2}\n", &[(1, 1, Whole, r#"{"a":1}"#), (2, 2, Whole, r#"{"b":2}"#)]);
}

#[test]
fn items_of_a_list_are_cut_one_by_one() {
    check(
        "apiVersion: v1\nitems:\n- apiVersion: v1\n  kind: A\n- apiVersion: v1\n  kind: B\n  x:\n  - z\nkind: List\nmetadata:\n  a: b\n---\nc: 1\n",
        &[
            (1, 3, Part::Item(0), r#"[{"apiVersion":"v1","kind":"A"}]"#),
            (1, 5, Part::Item(1), r#"[{"apiVersion":"v1","kind":"B","x":["z"]}]"#),
            (1, 9, Part::Rest, r#"{"kind":"List","metadata":{"a":"b"}}"#),
            (2, 12, Part::Whole, r#"{"c":1}"#),
        ],
    );
    check(
        "apiVersion: v1\nitems: []\nkind: List\n",
        &[(1, 1, Part::Whole, r#"{"apiVersion":"v1","items":[],"kind":"List"}"#)],
    );
    check(
        "apiVersion: v1\nitems:\n- kind: A\nkind: List\n",
        &[(1, 1, Part::Whole, r#"{"apiVersion":"v1","items":[{"kind":"A"}],"kind":"List"}"#)],
    );
    check(
        "apiVersion: v1\nitems:\n- apiVersion: v1\n---\nc: 1\n",
        &[(1, 3, Part::Item(0), r#"[{"apiVersion":"v1"}]"#), (2, 4, Part::Whole, r#"{"c":1}"#)],
    );
}

#[test]
fn a_broken_document_hides_no_other() {
    let text = b"a: 1\n---\nb: \xff\n---\nc: 3\n";
    let chunks: Vec<_> = Chunks::new(text.as_slice(), Budget::default()).collect();
    assert_eq!(chunks.len(), 3);
    let error = chunks[1].as_ref().unwrap_err();
    assert_eq!((error.at.line, error.at.column, error.message.as_str()), (3, 4, "the text is not UTF-8"));
    assert_eq!(chunks[2].as_ref().unwrap().document, 3);
}

#[test]
fn places_are_those_of_the_stream() {
    let text = "\u{feff}# c\n---\na: 1\n---\n\nspec:\n  é: x\n  b: [1, zwei]\n";
    let chunk = Chunks::new(text.as_bytes(), Budget::default()).nth(1).unwrap().unwrap();
    let document = yaml::read(&chunk.text, chunk.first_line, &Budget::default()).unwrap();
    let root = document.root.unwrap();
    let node = root.find(&["spec", "b", "1"]).unwrap();
    assert_eq!((node.at.line, node.at.column, node.at.length), (8, 10, 4));
    let mut map = lifeboat::source::SourceMap::default();
    let file = map.add("f", text);
    assert_eq!(map.text(node.at.span(file, map.get(file))), "zwei");
    assert_eq!(map.text(root.get("spec").unwrap().entry("é").unwrap().key_at.span(file, map.get(file))), "é");
}

#[test]
fn duplicates_name_both_places_and_the_path() {
    let text = "a:\n- b: 1\n  c: 2\n  b: 3\na: 4\n";
    let document = yaml::read(text, 1, &Budget::default()).unwrap();
    let found: Vec<_> =
        document.duplicates.iter().map(|d| (d.path.join("."), d.first.line, d.second.line)).collect();
    assert_eq!(found, [("a.0.b".to_owned(), 2, 4), ("a".to_owned(), 1, 5)]);
    assert_eq!(document.root.unwrap().to_json().to_string(), r#"{"a":4}"#);
    let json = yaml::read("{\"a\": [{\"b\": 1, \"b\": 2}]}", 7, &Budget::default()).unwrap();
    assert_eq!(json.duplicates[0].path, ["a", "0", "b"]);
    assert_eq!((json.duplicates[0].first.column, json.duplicates[0].second.line), (9, 7));
}

//! What the writer writes is read back equal: by two readers that share no code with it, and by the
//! reader with Go's rules.

use lifeboat::yaml::write::{Node, is_plain, write};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::value;

/// Texts that some reader or writer is known to have got wrong.
const NASTY: &[&str] = &[
    "",
    " ",
    "~",
    "null",
    "Null",
    "true",
    "True",
    "on",
    "On",
    "off",
    "y",
    "N",
    "yes",
    "No",
    "0",
    "00",
    "0123",
    "-1",
    "+1",
    "0x1F",
    "0X1F",
    "0b11",
    "0B11",
    "0o17",
    "1_000",
    "0_7",
    "1e3",
    "1E3",
    "1e+21",
    "1.10",
    ".5",
    "-.5",
    "+.5",
    "1.",
    ".",
    "..",
    "...",
    "---",
    "--- a",
    ".inf",
    "-.INF",
    ".nan",
    "NaN",
    "Infinity",
    "12:30:45",
    "190:20:30",
    "2024-01-01",
    "2024-01-01T00:00:00Z",
    "12e999",
    "9223372036854775808",
    "=",
    "<<",
    "!",
    "!a",
    "&a",
    "*a",
    "@a",
    "`a",
    "%a",
    "#a",
    "a #b",
    "a: b",
    "a:",
    ":",
    ": a",
    ":a",
    "- a",
    "-",
    "?",
    "? a",
    "?a",
    "[",
    "]",
    "{",
    "}",
    ",",
    "[]",
    "{}",
    "|",
    ">",
    "'",
    "\"",
    "it's",
    "\\",
    "a\\nb",
    "\n",
    "\n\n",
    "a\n",
    "a\nb",
    "a\nb\n",
    "a\n\nb\n",
    "a\nb\n\n",
    "\na",
    " a\nb",
    "a\n b",
    "a \nb",
    "a\t\nb",
    "\ta\nb",
    "a\n\tb",
    "a\n\tb\n",
    "\t",
    "\t\n",
    "a\tb",
    "a\r\nb",
    "a\rb",
    "\r",
    " a",
    "a ",
    "  ",
    "a  b",
    "\u{7f}",
    "\u{85}",
    "a\u{85}b",
    "\u{a0}",
    "\u{2028}",
    "a\u{2029}b",
    "\u{feff}",
    "\u{feff}a",
    "\u{0}",
    "\u{1}",
    "\u{1b}[0m",
    "\u{fffd}",
    "\u{fffe}",
    "\u{ffff}",
    "é",
    "日本",
    "😀",
    "\u{10ffff}",
    "#",
    "# a\nb",
    "a\n# b\n",
    "a\n---\nb\n",
    "---\na\n",
    "a\n...\n",
    "%YAML 1.1",
    "{{ .Values.x }}",
    "${X}",
    "$(rm -rf /)",
    "500m",
    "1.5Gi",
    "10d",
    "1h30m",
    "1Gi\n",
    "x: y\nz: w\n",
    "- a\n- b\n",
    "key: |\n  text\n",
    "null\n",
    "~\n",
    "true\nfalse",
    "/",
    "/a",
    "_",
    "_a",
    "a/b",
    "a.b",
    "CriticalAddonsOnly",
    "app.kubernetes.io/name",
    "a::b",
    "a:b",
    "a :b",
    "a,b",
    "(a)",
    "a (b)",
    "1 a",
    "a-",
    "-a",
    "+",
];

/// A tree in which every nasty text is a value, a key, an element and a key of an element.
fn tree(texts: &[String]) -> Value {
    let values: Vec<Value> = texts.iter().map(|t| json!(t)).collect();
    let keys: serde_json::Map<String, Value> =
        texts.iter().map(|t| (t.clone(), json!({ t.clone(): [t] }))).collect();
    let items: Vec<Value> = texts.iter().map(|t| json!({ t.clone(): t })).collect();
    json!({ "values": values, "keys": keys, "items": items, "nested": { "deeper": values } })
}

/// Each reader's view, or its error.
fn read_back(text: &str) -> [(&'static str, Result<Value, String>); 3] {
    let options = serde_saphyr::options! { legacy_octal_numbers: true };
    [
        ("own", value(text).map_err(|e| e.to_string())),
        (
            "serde-saphyr",
            serde_saphyr::from_str_with_options::<Value>(text, options).map_err(|e| e.to_string()),
        ),
        ("yaml_serde", yaml_serde::from_str::<Value>(text).map_err(|e| e.to_string())),
    ]
}

#[track_caller]
fn check(tree: &Value) {
    let text = write(&Node::from(tree.clone())).text;
    for (reader, back) in read_back(&text) {
        match back {
            Ok(back) => assert_eq!(&back, tree, "{reader} reads\n{text}"),
            Err(error) => panic!("{reader}: {error}\n{text}"),
        }
    }
}

#[test]
fn nasty_texts_are_read_back_by_every_reader() {
    for text in NASTY {
        check(&tree(&[(*text).to_owned()]));
    }
    check(&tree(&NASTY.iter().map(|t| (*t).to_owned()).collect::<Vec<_>>()));
}

#[test]
fn nothing_that_another_type_claims_is_written_plain() {
    for text in NASTY.iter().filter(|text| is_plain(text)) {
        for (reader, back) in read_back(text) {
            assert_eq!(back, Ok(json!(text)), "{reader}");
        }
    }
    for text in ["on", "y", "0123", "1_000", "12:30", "1e3", "null", "=", "a:", "500", "2024-01-01"] {
        assert!(!is_plain(text), "{text}");
    }
    for text in ["CriticalAddonsOnly", "500m", "1536Mi", "NoSchedule", "app.kubernetes.io/name", "a b"] {
        assert!(is_plain(text), "{text}");
    }
}

#[test]
fn numbers_keep_their_type_and_value() {
    check(
        &json!({ "a": [0, -1, 100, 1.5, -0.25, 1e21, 1.5e-9, 1e300, u64::MAX, i64::MIN], "b": { "c": 0.1 } }),
    );
    let text = write(&Node::from(json!({ "a": 1e21, "b": 1e-7 }))).text;
    assert_eq!(text, "a: 1.0e+21\nb: 1.0e-7\n");
}

#[test]
fn long_and_odd_keys_are_read_back() {
    let long = "k".repeat(2_000);
    check(&json!({ long.clone(): { long: 1 }, "a b": 2, "": 3 }));
}

#[test]
fn leaves_are_where_the_map_says() {
    let tree = json!({
        "a": { "b": ["x", { "c": "on", "d": [] }], "e": "two\nlines\n", "f": {} }, "g": null, "h": [[1, 2], [{}]]
    });
    let written = write(&Node::from(tree).comment("g", "why\nand how"));
    let lines: Vec<&str> = written.text.lines().collect();
    let at = |path: &str| written.leaves.iter().find(|l| l.path.join(".") == path).unwrap();
    assert_eq!(lines[at("a.b.0").line as usize - 1], "    - x");
    assert_eq!(lines[at("a.b.1.c").line as usize - 1], "    - c: \"on\"");
    assert_eq!(lines[at("a.b.1.d").line as usize - 1], "      d: []");
    assert_eq!(lines[at("a.e").line as usize - 1], "  e: |");
    assert_eq!(lines[at("a.e").last as usize - 1], "    lines");
    assert_eq!(lines[at("g").line as usize - 2], "# and how");
    assert_eq!(lines[at("h.0.1").line as usize - 1], "    - 2");
    assert_eq!(lines[at("h.1.0").line as usize - 1], "  - - {}");
}

#[test]
fn comments_cannot_end_early() {
    let root = Node::map([("a", Node::leaf(1))]).comment("a", "x\rb: 2\u{85}c: 3\u{2028}d: 4");
    let text = write(&root).text;
    for (reader, back) in read_back(&text) {
        assert_eq!(back, Ok(json!({ "a": 1 })), "{reader}: {text}");
    }
}

fn nasty_string() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => proptest::sample::select(NASTY).prop_map(str::to_owned),
        2 => proptest::collection::vec(proptest::sample::select(NASTY), 1..4).prop_map(|parts| parts.concat()),
        2 => proptest::collection::vec(proptest::sample::select(NASTY), 2..4).prop_map(|parts| parts.join("\n")),
        2 => proptest::collection::vec(any::<char>(), 0..12).prop_map(|chars| chars.into_iter().collect()),
        1 => proptest::collection::vec(proptest::char::range(' ', '~'), 0..20).prop_map(|chars| chars.into_iter().collect()),
    ]
}

fn random_tree() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        4 => nasty_string().prop_map(Value::from),
        1 => any::<i64>().prop_map(Value::from),
        1 => any::<bool>().prop_map(Value::from),
        1 => Just(Value::Null),
        1 => any::<i32>().prop_map(|n| Value::from(f64::from(n) + 0.5)),
    ];
    leaf.prop_recursive(5, 40, 5, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            proptest::collection::vec((nasty_string(), inner), 0..5)
                .prop_map(|entries| { Value::Object(entries.into_iter().collect()) }),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn random_trees_are_read_back_by_every_reader(tree in random_tree()) {
        check(&json!({ "root": tree }));
    }
}

//! Inputs made to hurt: each ends in a clear error, soon, and in little memory.

use lifeboat::yaml::stream::Chunks;
use lifeboat::yaml::{self, Budget, ErrorKind};

#[track_caller]
fn refused(text: &str, part: &str) {
    let error = yaml::read(text, 1, &Budget::default()).expect_err("accepted");
    let shown: String = text.chars().take(40).collect();
    assert!(error.message.contains(part), "{shown:?}: {}", error.message);
}

#[test]
fn nesting_is_limited_whatever_the_bracket() {
    for (text, part) in [
        ("[".repeat(100_000), ""),
        ("{".repeat(100_000), ""),
        ("{a: ".repeat(100_000), ""),
        ("[{a: ".repeat(100_000), ""),
        ("- ".repeat(100_000), "nested deeper than 128 levels"),
        ("? ".repeat(100_000), ""),
        (r#"{"a":"#.repeat(100_000), "nested deeper than 128 levels"),
        (
            "a:\n".to_owned() + &(1..3_000).map(|n| format!("{}a:\n", " ".repeat(n))).collect::<String>(),
            "nested deeper",
        ),
    ] {
        refused(&text, part);
    }
}

#[test]
fn aliases_are_counted_written_out() {
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for n in 1..10 {
        let list = vec![format!("*a{}", n - 1); 10].join(", ");
        bomb += &format!("a{n}: &a{n} [{list}]\n");
    }
    refused(&bomb, "nodes, aliases written out");
    let big = format!("a: &a {}\nb: [{}]\n", "x".repeat(100_000), vec!["*a"; 20_000].join(","));
    refused(&big, "text, aliases written out");
    refused("a: &a [*a]", "contains itself");
    let nested = format!("{}x{}", (0..100).map(|n| format!("&a{n} [")).collect::<String>(), "]".repeat(100));
    assert!(yaml::read(&nested, 1, &Budget::default()).is_ok());
}

#[test]
fn sizes_are_limited() {
    let scalar = "x".repeat(9 << 20);
    refused(&format!("a: {scalar}"), "a text of 9 MiB; the limit is 8 MiB");
    refused(&format!("a: |\n  {scalar}\n"), "a text of 9 MiB; the limit is 8 MiB");
    refused(&format!("{{\"a\": \"{scalar}\"}}"), "a text of 9 MiB; the limit is 8 MiB");
    refused(&format!("a: [{}]", "1,".repeat(2_100_000)), "brackets and commas; the limit is 2000000");
    let huge = vec![b'x'; 64 << 20];
    let error = Chunks::new(huge.as_slice(), Budget::default()).next().unwrap().unwrap_err();
    assert_eq!(
        (error.kind, error.message.as_str()),
        (ErrorKind::Budget, "a document of 64 MiB; the limit is 32 MiB")
    );
}

#[test]
fn a_huge_document_hides_no_other() {
    let mut text = b"a: 1\n---\nb: ".to_vec();
    text.extend(vec![b'x'; 40 << 20]);
    text.extend(b"\n---\nc: 3\n");
    let chunks: Vec<_> = Chunks::new(text.as_slice(), Budget::default()).collect();
    assert_eq!(chunks.len(), 3);
    assert!(chunks[1].is_err());
    assert_eq!(chunks[2].as_ref().unwrap().text, "---\nc: 3\n");
}

#[test]
fn documents_are_limited() {
    let budget = Budget { documents: 1_000, ..Budget::default() };
    let text = "---\na: 1\n".repeat(5_000);
    let chunks: Vec<_> = Chunks::new(text.as_bytes(), budget).collect();
    assert_eq!(chunks.len(), 1_001);
    assert_eq!(chunks[1_000].as_ref().unwrap_err().message, "more than 1000 documents");
}

#[test]
fn wide_maps_are_not_quadratic() {
    // 300,000 keys, then all of them again: a linear search would take minutes.
    let keys: String = (0..300_000).map(|n| format!("k{n}: 1\n")).collect();
    let document = yaml::read(&(keys.clone() + &keys), 1, &Budget::default()).unwrap();
    assert_eq!(document.duplicates.len(), 300_000);
}

#[test]
fn other_texts_say_what_they_are() {
    let help = |text: &str| yaml::read(text, 1, &Budget::default()).unwrap_err().help.unwrap_or_default();
    assert!(help("a: {{ .Values.x }}\n").contains("Helm template"));
    assert!(help("{{- if .x }}\na: 1\n{{ end }}\n").contains("Helm template"));
    assert!(help("a: [x.${DOMAIN}:80]\n").contains("placeholders"));
    let utf16 = b"\xff\xfea\0:\0 \x001\0\n\0";
    let error = Chunks::new(utf16.as_slice(), Budget::default()).next().unwrap().unwrap_err();
    assert_eq!(error.message, "the text is UTF-16");
}

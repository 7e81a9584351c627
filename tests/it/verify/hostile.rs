//! Manifests that were truncated, shuffled and mutated: never a panic, never a hang, and always an
//! account of every document.

use std::sync::LazyLock;

use lifeboat::compile::Compilation;
use lifeboat::verify::render;
use proptest::prelude::*;

use super::{cases, compiled, text};

static BASE: LazyLock<Compilation> = LazyLock::new(|| compiled(&cases(), "base.toml").0);

/// All inputs of the cases as one stream.
static TEXT: LazyLock<String> = LazyLock::new(|| {
    let mut folders: Vec<_> =
        std::fs::read_dir(cases()).unwrap().map(|e| e.unwrap().path()).filter(|p| p.is_dir()).collect();
    folders.sort();
    let texts: Vec<String> =
        folders.iter().map(|f| std::fs::read_to_string(f.join("input.yaml")).unwrap()).collect();
    texts.join("\n---\n")
});

fn accounted(bytes: &[u8]) {
    let report = text(&BASE, "mutated.yaml", bytes);
    let counts = &report.counts;
    let traces = counts.objects + counts.empty + counts.refused + counts.skipped.values().sum::<usize>();
    assert!(traces >= counts.documents || bytes.windows(4).any(|w| w == b"List"), "{counts:?}");
    assert!(report.verdicts.len() <= counts.objects);
}

#[test]
fn any_number_of_threads_says_the_same() {
    let (compilation, sources) = compiled(&cases(), "base.toml");
    let say = |threads| {
        let stream: Box<dyn std::io::BufRead + Send> =
            Box::new(std::io::Cursor::new(TEXT.as_bytes().repeat(3)));
        let input = lifeboat::verify::Input { name: "all.yaml".to_owned(), stream: Ok(stream) };
        let report =
            lifeboat::verify::verify(&compilation.plan, [input], &lifeboat::yaml::Budget::default(), threads);
        render::json(&report, &sources)
    };
    let one = say(1);
    assert_eq!(one, say(2));
    assert_eq!(one, say(7));
}

#[test]
fn an_input_that_cannot_be_opened_is_told_and_the_others_are_read() {
    let (compilation, sources) = compiled(&cases(), "base.toml");
    let stream: Box<dyn std::io::BufRead + Send> = Box::new(std::io::Cursor::new(TEXT.as_bytes()));
    let inputs = [
        lifeboat::verify::Input { name: "gone.yaml".to_owned(), stream: Err("no such file".to_owned()) },
        lifeboat::verify::Input { name: "all.yaml".to_owned(), stream: Ok(stream) },
    ];
    let report = lifeboat::verify::verify(&compilation.plan, inputs, &lifeboat::yaml::Budget::default(), 1);
    assert_eq!(report.exit_code(), 2);
    assert!(report.counts.objects > 10);
    let said = render::human(&report, &sources, true);
    assert!(said.contains("error[unreadable-input]: gone.yaml: no such file"), "{said}");
}

#[test]
fn hostile_streams_end_in_clear_errors() {
    let many = "---\n".repeat(600_000);
    for (input, part) in [
        (format!("a: {}", "[".repeat(100_000)).into_bytes(), "recursion limit"),
        (vec![b'x'; 64 << 20], "64 MiB"),
        (many.into_bytes(), "more than 500000 documents"),
        (b"kind: \xff\xfe\n".to_vec(), "not UTF-8"),
        (b"{{- range .x }}\nkind: Pod\n{{- end }}\n".to_vec(), ""),
    ] {
        let report = text(&BASE, "hostile.yaml", &input);
        assert_eq!(report.exit_code(), 2);
        let messages: Vec<&str> = report.findings.iter().map(|f| f.diagnostic.message.as_str()).collect();
        assert!(messages.iter().any(|message| message.contains(part)), "{part}: {messages:?}");
        assert!(report.findings.len() < 10);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn truncated(at in 0..TEXT.len()) {
        accounted(&TEXT.as_bytes()[..at]);
    }

    #[test]
    fn mutated(edits in proptest::collection::vec((0..TEXT.len(), any::<u8>()), 1..40)) {
        let mut bytes = TEXT.as_bytes().to_vec();
        for (at, byte) in edits {
            bytes[at] = byte;
        }
        accounted(&bytes);
    }

    #[test]
    fn shuffled(moves in proptest::collection::vec((0..2000_usize, 0..2000_usize), 1..60)) {
        let mut lines: Vec<&str> = TEXT.lines().collect();
        let n = lines.len();
        for (a, b) in moves {
            lines.swap(a % n, b % n);
        }
        accounted(lines.join("\n").as_bytes());
    }
}

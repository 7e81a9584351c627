//! How findings look, are ordered, raised and silenced.

use std::collections::BTreeMap;

use lifeboat::diag::{Code, Levels, Severity, codes, render};
use lifeboat::policy;
use lifeboat::source::SourceMap;

const PRELUDE: &str = include_str!("../../cases/policy/prelude.toml");

const BASE: &str = "extends = \"prelude.toml\"\n[tiers.critical]\npriority = 5\n[workloads.shop]\ntier = \"critical\"\n\
                    requests.cpu = \"1\"\n";

fn findings(text: &str) -> (Vec<lifeboat::diag::Diagnostic>, SourceMap) {
    let files = [("policy.toml", text), ("base.toml", BASE), ("prelude.toml", PRELUDE)];
    let loader: BTreeMap<_, _> = files.map(|(name, text)| (name.to_owned(), text.to_owned())).into();
    let mut sources = SourceMap::default();
    let found = match policy::load(&loader, &mut sources, "policy.toml") {
        Ok(checked) => checked.warnings,
        Err(findings) => findings,
    };
    (found, sources)
}

#[test]
fn a_finding_points_at_both_places() {
    let (found, sources) = findings("extends = \"base.toml\"\n\n[tiers.urgent]\npriority = 5  # high\n");
    let equal = found.iter().find(|finding| finding.code == codes::policy::EQUAL_PRIORITIES).expect("found");
    let human = "\
error[equal-priorities]: `critical` and `urgent` have the same priority, so neither makes room for the other
 --> policy.toml:4:12
  |
4 | priority = 5  # high
  |            ^ the same
  |
 ::: base.toml:3:12
  |
3 | priority = 5
  |            - as this
  |
  = help: give them different priorities, or make them one tier
";
    assert_eq!(render::human(equal, &sources, false), human);
    assert_eq!(
        render::short(equal, &sources),
        "policy.toml:4:12: error[equal-priorities]: `critical` and `urgent` have the same priority, so neither makes room \
         for the other (give them different priorities, or make them one tier)"
    );
    let json = render::json(equal, &sources);
    assert_eq!(json["at"]["line"], 4);
    assert_eq!(json["labels"][0]["file"], "base.toml");
    assert_eq!(json["code"], "equal-priorities");
}

#[test]
fn findings_are_sorted_by_place_and_not_repeated() {
    let (found, sources) =
        findings("extends = \"base.toml\"\nz = 1\n[cluster]\nname = 1\nkubernetes = \"2\"\n[x]\n");
    let places: Vec<_> = found
        .iter()
        .map(|finding| {
            let label = finding.primary.as_ref().expect("a place");
            (sources.get(label.span.file).name.to_string(), label.span.start)
        })
        .collect();
    assert!(places.is_sorted(), "{places:?}");
    assert_eq!(found.len(), 4);
}

#[test]
fn warnings_are_raised_and_silenced_and_errors_are_neither() {
    let severities = |text: &str, levels: Levels| {
        let mut found = findings(text).0;
        levels.apply(&mut found);
        found.iter().map(|finding| (finding.code.name(), finding.severity)).collect::<Vec<_>>()
    };
    let unused = "extends = \"base.toml\"\n[tiers.idle]\npriority = 7\n";
    let idle = |levels| severities(unused, levels);
    let (warning, raised) = (("unused-tier", Severity::Warning), ("unused-tier", Severity::Error));
    let code = |name| Code::find(name).expect("a code");
    assert_eq!(idle(Levels::default()), [warning]);
    assert_eq!(idle(Levels { deny: vec![code("unused-tier")], ..Levels::default() }), [raised]);
    assert_eq!(idle(Levels { deny_warnings: true, ..Levels::default() }), [raised]);
    assert_eq!(idle(Levels { allow: vec![code("unused-tier")], ..Levels::default() }), []);

    // An error hides warnings that may follow from it, and cannot be silenced itself.
    let wrong = format!("{unused}[tiers.double]\npriority = 7\n");
    let equal = ("equal-priorities", Severity::Error);
    let silent = Levels { allow: vec![code("equal-priorities")], ..Levels::default() };
    assert_eq!(severities(&wrong, silent), [equal]);
}

#[test]
fn codes_are_unique_kebab_case_and_documented() {
    let mut seen = std::collections::BTreeSet::new();
    for code in codes::all() {
        let entry = code.0;
        assert!(seen.insert(entry.name), "{} stands twice", entry.name);
        assert!(
            entry.name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'),
            "{}",
            entry.name
        );
        for text in [entry.summary, entry.explanation, entry.remedy] {
            assert!(
                text.trim_end().ends_with(['.', '`', '"', ')']),
                "{}: {text:?} is no sentence",
                entry.name
            );
        }
        assert_eq!(Code::find(entry.name), Some(code));
    }
}

/// Whatever follows from a value that cannot be read is no finding: the value is told, once.
#[test]
fn a_value_that_cannot_be_read_is_told_once() {
    let text = include_str!("../../../policy.toml");
    let lines: Vec<&str> = text.lines().collect();
    let mut tried = 0;
    for (number, line) in lines.iter().enumerate() {
        let Some((key, value)) = line.split_once(" = ").filter(|_| line.starts_with(char::is_alphabetic))
        else {
            continue;
        };
        // Of lists over several lines only the whole can be replaced.
        if value.ends_with('[') {
            continue;
        }
        let broken = format!("{key} = [[]]");
        let mut changed = lines.clone();
        changed[number] = &broken;
        let (found, sources) = findings(&changed.join("\n"));
        let told: String = found.iter().map(|finding| render::short(finding, &sources)).collect();
        assert!(found.len() == 1 && told.contains("[wrong-type]"), "{key}:\n{told}");
        tried += 1;
    }
    assert!(tried > 50, "{tried}");
}

/// Nor does a misspelt key make others miss what it says.
#[test]
fn a_misspelt_key_is_told_once() {
    let text = include_str!("../../../policy.toml");
    let lines: Vec<&str> = text.lines().collect();
    let keys = [
        "kubernetes",
        "datastore",
        "role",
        "capacity",
        "reserve",
        "like",
        "nodes",
        "priority",
        "default",
        "lifeboat",
        "chart",
        "version",
        "namespace",
        "tier",
        "pods",
        "lose",
        "expect",
    ];
    let tables =
        ["[cluster", "[nodes", "[tiers", "[services", "[workloads", "[apart", "[scenarios", "[lifeboat"];
    let mut tried = 0;
    for (number, line) in lines.iter().enumerate() {
        let key = line.split_once(" = ").map(|(key, _)| key).filter(|key| keys.contains(key));
        let Some(word) = key.or_else(|| tables.into_iter().find(|table| line.starts_with(table))) else {
            continue;
        };
        let broken = line.replacen(word, &word[..word.len() - 1], 1);
        let mut changed = lines.clone();
        changed[number] = &broken;
        let (found, sources) = findings(&changed.join("\n"));
        let told: Vec<String> = found.iter().map(|finding| render::short(finding, &sources)).collect();
        assert!(found.len() == 1 && told[0].contains("[unknown-key]"), "{broken}:\n{}", told.join("\n"));
        tried += 1;
    }
    assert!(tried > 50, "{tried}");
}

//! Input that is wrong, hostile or huge: an error each, and never a panic.

use std::collections::BTreeMap;

use lifeboat::catalogue::Catalogue;
use lifeboat::compile;
use lifeboat::diag::{Severity, render};
use lifeboat::policy;
use lifeboat::source::SourceMap;
use proptest::prelude::*;

const PRELUDE: &str = include_str!("../../cases/policy/prelude.toml");

/// Loads a text and renders every finding in every form; returns their codes.
fn codes(text: &str) -> Vec<&'static str> {
    let loader = BTreeMap::from([("policy.toml".to_owned(), text.to_owned())]);
    let mut sources = SourceMap::default();
    let findings = match policy::load(&loader, &mut sources, "policy.toml") {
        Ok(checked) => checked.warnings,
        Err(findings) => findings,
    };
    for finding in &findings {
        assert!(!render::human(finding, &sources, true).is_empty());
        let short = render::short(finding, &sources);
        assert!(!short.contains(['\n', '\u{1b}']), "{short:?}");
        assert!(render::json(finding, &sources).is_object());
    }
    findings.iter().map(|finding| finding.code.name()).collect()
}

#[test]
fn a_policy_of_100_megabytes_is_refused() {
    assert_eq!(codes(&"#".repeat(100 << 20)), ["unreadable-file"]);
}

#[test]
fn nesting_without_end_is_refused() {
    for text in [
        "a = ".to_owned() + &"[".repeat(100_000),
        "a = ".to_owned() + &"{a=".repeat(100_000),
        "a.".repeat(100_000) + "a = 1",
        "a = { ".to_owned() + &"a.".repeat(100_000) + "a = 1 }",
        "[".to_owned() + &"a.".repeat(100_000) + "a]",
        "[[".to_owned() + &"a.".repeat(100_000) + "a]]",
        "'a'.".repeat(250_000) + "a = 1",
        "a . ".repeat(250_000) + "a = 1",
        "a = { ".to_owned() + &"a.".repeat(500_000) + "a = 1 }",
        "a = ".to_owned() + &"[".repeat(1_000_000),
        "[a]\n".repeat(200_000),
    ] {
        let found = codes(&text);
        assert!(found.contains(&"not-toml"), "{found:?} for {:?}", &text[..40]);
    }
}

#[test]
fn integers_and_escapes_at_their_limits() {
    for value in ["99999999999999999999", "-9223372036854775809", "0xFFFFFFFFFFFFFFFFFF"] {
        assert_eq!(codes(&format!("{PRELUDE}[tiers.x]\npriority = {value}\n")), ["not-toml"]);
    }
    assert!(codes("\u{feff}[cluster]\n\u{1b}[31m = 1").contains(&"not-toml"));
    let found = codes(&format!("{PRELUDE}[\"\\u001b[31mred\"]\n"));
    assert_eq!(found, ["unknown-key"]);
}

#[test]
fn names_never_steer_a_terminal() {
    for key in ["\\u001b[31m", "\\u0000", "a\\nb", "\\u202e"] {
        for table in ["nodes", "tiers", "services", "workloads", "scenarios", "apart", "allow"] {
            assert!(!codes(&format!("{PRELUDE}[{table}.\"{key}\"]\n")).is_empty());
        }
    }
}

#[test]
fn many_mistakes_are_all_reported() {
    let many: String = (0..2_000).map(|n| format!("[workloads.w{n}]\nrequsts = 1\n")).collect();
    let found = codes(&format!("{PRELUDE}{many}"));
    assert_eq!(found.iter().filter(|code| **code == "unknown-key").count(), 2_000);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever lines a policy lacks, what is left is planned, or looked through for further mistakes.
    #[test]
    fn policies_with_lines_missing_are_planned_or_refused(
        lost in proptest::collection::btree_set(0_usize..156, 1..24),
    ) {
        let text = include_str!("../../../policy.toml");
        let left = text.lines().enumerate().filter(|(line, _)| !lost.contains(line));
        let left: String = left.map(|(_, line)| format!("{line}\n")).collect();
        let loader = BTreeMap::from([("policy.toml".to_owned(), left)]);
        let (mut sources, catalogue) = (SourceMap::default(), Catalogue::builtin());
        match policy::read(&loader, &mut sources, "policy.toml") {
            Ok(checked) => {
                let prepared = compile::prepare(checked.policy, &catalogue, &loader, &mut sources);
                let told = prepared.err().unwrap_or_default();
                prop_assert!(told.is_empty() || told.iter().any(|finding| finding.severity == Severity::Error));
            }
            Err(rejected) => {
                prop_assert!(rejected.findings.iter().any(|finding| finding.severity == Severity::Error));
                if let Some(policy) = rejected.policy {
                    let more = compile::survey(&policy, &catalogue, &loader, &mut sources);
                    // The shipped policy has no wrong name, and losing lines makes none but of what a lost line named.
                    let names = ["unknown-chart", "unknown-chart-version", "ambiguous-chart-repository"];
                    prop_assert!(more.iter().all(|finding| !names.contains(&finding.code.name())), "{more:?}");
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Any cut, repetition or flipped byte of a real policy is read or refused.
    #[test]
    fn mutated_policies_are_read_or_refused(
        from in 0_usize..7_000, length in 0_usize..200, at in 0_usize..7_000, with in "[\\PC\n\"\\[\\]{}=.,#]{0,8}",
    ) {
        let text = include_str!("../../../policy.toml");
        let floor = |mut i: usize| { i = i.min(text.len()); while !text.is_char_boundary(i) { i -= 1; } i };
        let (from, to, at) = (floor(from), floor(from + length), floor(at));
        let mutated = format!("{}{with}{}{}", &text[..from.min(at)], &text[from..to], &text[at.max(to)..]);
        codes(&mutated);
    }
}

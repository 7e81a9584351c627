//! Every format, over everything that the cases find.

use lifeboat::source::SourceMap;
use lifeboat::verify::{Report, render};
use serde_json::Value;

use super::{cases, compiled, text};

const SARIF: &str = include_str!("../../data/sarif/sarif-2.1.0.reduced.schema.json");

/// The report over the inputs of all cases that use the base policy, and of one with allowances.
fn reports() -> Vec<(Report, SourceMap)> {
    let (base, base_sources) = compiled(&cases(), "base.toml");
    let mut all = Vec::new();
    let mut folders: Vec<_> =
        std::fs::read_dir(cases()).unwrap().map(|e| e.unwrap().path()).filter(|p| p.is_dir()).collect();
    folders.sort();
    for folder in folders {
        let input = std::fs::read(folder.join("input.yaml")).unwrap();
        let claim = folder.file_name().unwrap().to_string_lossy().into_owned();
        if claim.contains("allowance") {
            let (own, sources) = compiled(&cases(), &format!("{claim}/policy.toml"));
            all.push((text(&own, "in put,1%.yaml", &input), sources));
        }
        all.push((text(&base, &format!("{claim}/input.yaml"), &input), base_sources.clone()));
    }
    all
}

#[test]
fn sarif_is_valid_and_suppresses_what_is_allowed() {
    let schema: Value = serde_json::from_str(SARIF).unwrap();
    let validator = jsonschema::draft7::new(&schema).unwrap();
    let mut results = 0;
    let mut suppressed = 0;
    for (report, sources) in reports() {
        let log: Value = serde_json::from_str(&render::sarif(&report, &sources)).unwrap();
        let errors: Vec<String> =
            validator.iter_errors(&log).map(|e| format!("{}: {e}", e.instance_path())).collect();
        assert!(errors.is_empty(), "{errors:#?}");
        let run = &log["runs"][0];
        let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
        for result in run["results"].as_array().unwrap() {
            let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
            assert_eq!(rules[index]["id"], result["ruleId"]);
            results += 1;
            suppressed += usize::from(!result["suppressions"].is_null());
        }
        assert_eq!(run["results"].as_array().unwrap().len(), report.findings.len());
        let prints: std::collections::BTreeSet<&str> = run["results"]
            .as_array()
            .unwrap()
            .iter()
            .map(|r| r["partialFingerprints"]["lifeboat/v1"].as_str().unwrap())
            .collect();
        assert_eq!(prints.len(), report.findings.len(), "fingerprints that two findings share");
    }
    assert!(results > 40 && suppressed == 1, "{results} {suppressed}");
    let broken = serde_json::json!({ "version": "2.1.0", "runs": [{ "results": [] }] });
    assert!(!validator.is_valid(&broken), "the schema accepts a run without a tool");
}

#[test]
fn junit_is_well_formed_and_its_counts_are_true() {
    for (report, sources) in reports() {
        let xml = render::junit(&report, &sources);
        let elements = parse(&xml);
        let count = |name: &str| elements.iter().filter(|(tag, _)| tag == name).count();
        let (_, suite) = elements.iter().find(|(tag, _)| tag == "testsuite").unwrap();
        let attribute =
            |name: &str| suite.iter().find(|(key, _)| key == name).unwrap().1.parse::<usize>().unwrap();
        assert_eq!(attribute("tests"), count("testcase"));
        assert_eq!(attribute("failures"), count("failure"));
        assert_eq!(attribute("skipped"), count("skipped"));
        assert_eq!(attribute("failures") > 0, report.findings.iter().any(lifeboat::verify::Finding::fails));
        for (_, attributes) in elements.iter().filter(|(tag, _)| tag == "testcase") {
            assert!(attributes.iter().any(|(key, value)| key == "name" && !value.is_empty()));
            assert!(attributes.iter().any(|(key, _)| key == "classname"));
        }
    }
}

type Elements = Vec<(String, Vec<(String, String)>)>;

/// A strict reader of the XML that JUnit's form needs: elements, attributes, escaped text; panics on
/// anything that is not well formed.
fn parse(xml: &str) -> Elements {
    let mut rest = xml.strip_prefix("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n").expect("no declaration");
    let mut open: Vec<String> = Vec::new();
    let mut elements = Vec::new();
    while let Some(start) = rest.find('<') {
        text_is_escaped(&rest[..start]);
        let end = rest[start..].find('>').expect("a tag without end") + start;
        let tag = &rest[start + 1..end];
        rest = &rest[end + 1..];
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(name), "elements overlap");
            continue;
        }
        let (tag, closed) = tag.strip_suffix('/').map_or((tag, false), |tag| (tag, true));
        let (name, mut attributes) = tag.split_once(' ').unwrap_or((tag, ""));
        let mut found = Vec::new();
        while !attributes.is_empty() {
            let (key, value) = attributes.split_once("=\"").expect("an attribute without value");
            let (value, next) = value.split_once('"').expect("a value without end");
            text_is_escaped(value);
            found.push((key.to_owned(), value.to_owned()));
            attributes = next.trim_start();
        }
        elements.push((name.to_owned(), found));
        if !closed {
            open.push(name.to_owned());
        }
    }
    assert!(open.is_empty() && rest.trim().is_empty());
    elements
}

fn text_is_escaped(text: &str) {
    for part in text.split('&').skip(1) {
        let entity = part.split(';').next().unwrap();
        assert!(["amp", "lt", "gt", "quot", "apos"].contains(&entity), "&{entity}");
    }
    assert!(text.chars().all(|c| c >= ' ' || c == '\n' || c == '\t'));
}

#[test]
fn json_lines_are_objects_with_the_summary_last() {
    for (report, sources) in reports() {
        let text = render::json(&report, &sources);
        let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.len(), report.findings.len() + report.verdicts.len() + 1);
        let last = lines.last().unwrap();
        assert_eq!(last["type"], "summary");
        let answers =
            ["holds", "violates", "not_in_policy", "could_not_read"].map(|key| last[key].as_u64().unwrap());
        assert_eq!(answers.iter().sum::<u64>(), report.verdicts.len() as u64);
    }
}

#[test]
fn github_commands_are_one_line_each_and_escaped() {
    for (report, sources) in reports() {
        let text = render::github(&report, &sources);
        let told = report.findings.iter().filter(|finding| finding.allowed.is_none()).count();
        assert_eq!(text.lines().count(), told);
        for line in text.lines() {
            let command = line.strip_prefix("::").unwrap().split_once("::").unwrap().0;
            let (level, properties) = command.split_once(' ').unwrap();
            assert!(["error", "warning", "notice"].contains(&level), "{line}");
            for property in properties.split(',') {
                let (key, _) = property.split_once('=').unwrap_or_else(|| panic!("{line}"));
                assert!(["file", "line", "col", "title"].contains(&key), "{line}");
            }
        }
    }
}

#[test]
fn markdown_rows_have_their_cells_and_stay_short() {
    for (report, sources) in reports() {
        let text = render::markdown(&report, &sources);
        assert!(text.len() < 65_000);
        for row in text.lines().filter(|line| line.starts_with('|')) {
            let bars = row.replace("\\|", "").matches('|').count();
            assert_eq!(bars, 4, "{row}");
        }
    }
}

#[test]
fn no_format_shows_what_is_secret() {
    for (report, sources) in reports() {
        for text in [
            render::human(&report, &sources, true),
            render::short(&report, &sources),
            render::json(&report, &sources),
            render::sarif(&report, &sources),
            render::github(&report, &sources),
            render::junit(&report, &sources),
            render::markdown(&report, &sources),
        ] {
            for secret in ["hunter2", "aHVudGVyMg==", "secret-one", "secret-two", "hidden-value"] {
                assert!(!text.contains(secret), "{text}");
            }
            assert!(!text.contains('\u{1b}'));
        }
    }
}

#[test]
fn formats_for_a_place_say_document_policy_and_remedy_too() {
    let (base, sources) = compiled(&cases(), "base.toml");
    let folder = cases().join("requests-are-those-that-were-proved");
    let input = std::fs::read(folder.join("input.yaml")).unwrap();
    let report = text(&base, "input.yaml", &input);
    for said in [
        render::github(&report, &sources),
        render::junit(&report, &sources),
        render::markdown(&report, &sources),
    ] {
        assert!(said.contains("in document 1, spec.template.spec.containers"), "{said}");
        assert!(said.contains("policy: base.toml:"), "{said}");
        assert!(said.contains("help: "), "{said}");
    }
}

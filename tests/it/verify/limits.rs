//! Streams that are larger than what is remembered of them: counted, told as that, and no error is lost.

use std::fmt::Write as _;
use std::sync::LazyLock;

use lifeboat::compile::Compilation;
use lifeboat::diag::Severity;
use lifeboat::verify::{Answer, Input, Limits, Report, verify_within};
use lifeboat::yaml::Budget;

use super::{cases, compiled};

static BASE: LazyLock<Compilation> = LazyLock::new(|| compiled(&cases(), "base.toml").0);

const FEW: Limits = Limits { workloads: 3, copies: 2, findings: 2, objects: 2 };

fn within(compilation: &Compilation, limits: Limits, text: &str) -> Report {
    let stream: Box<dyn std::io::BufRead + Send> = Box::new(std::io::Cursor::new(text.to_owned()));
    let input = Input { name: "long.yaml".to_owned(), stream: Ok(stream) };
    verify_within(&compilation.plan, [input], &Budget::default(), limits, 2)
}

/// Pods of strangers, each with a line of its own in its spec.
fn strangers(n: usize, line: &str) -> String {
    (0..n).fold(String::new(), |mut text, i| {
        let meta = format!("metadata: {{name: stranger-{i}, namespace: apps}}");
        let requests = "resources: {requests: {cpu: 1m, memory: 1Mi}}";
        let spec = format!("spec:\n  {line}\n  containers: [{{name: main, image: web, {requests}}}]");
        write!(text, "---\napiVersion: v1\nkind: Pod\n{meta}\n{spec}\n").unwrap();
        text
    })
}

fn class(name: &str, value: i32) -> String {
    format!(
        "---\napiVersion: scheduling.k8s.io/v1\nkind: PriorityClass\nmetadata: {{name: {name}}}\nvalue: {value}\n"
    )
}

fn messages(report: &Report, code: &str) -> Vec<String> {
    let of = report.findings.iter().filter(|finding| finding.diagnostic.code.name() == code);
    of.map(|finding| finding.diagnostic.message.clone()).collect()
}

#[test]
fn what_is_beyond_the_limits_is_counted_and_told_as_that() {
    let text = strangers(20, "restartPolicy: Always");
    let few = within(&BASE, FEW, &text);
    assert_eq!((few.verdicts.len(), few.workloads(), few.count(Answer::NotInPolicy)), (3, 20, 20));
    let told = "the input is larger than what is remembered of it: 17 workloads not looked for twice, among budgets and \
                in affinity terms";
    assert_eq!(messages(&few, "input-forgotten"), [told]);
    assert_eq!(few.exit_code(), 0);
    let all = within(&BASE, Limits::default(), &text);
    assert_eq!((all.verdicts.len(), all.workloads()), (20, 20));
    assert!(messages(&all, "input-forgotten").is_empty());
}

#[test]
fn errors_beyond_the_limits_fail_the_run() {
    let report = within(&BASE, FEW, &strangers(20, "tolerations: [{operator: Exists}]"));
    assert_eq!((report.count(Answer::Violates), report.exit_code()), (20, 1));
    let told = messages(&report, "toleration-unexpected");
    assert_eq!(told.len(), 3, "{told:?}");
    assert_eq!(told[2], "18 more findings of this kind are counted, not told");
}

#[test]
fn what_is_allowed_is_allowed_beyond_the_limits() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(cases().join("base.toml"), folder.path().join("base.toml")).unwrap();
    let mut policy = "extends = \"base.toml\"\n".to_owned();
    for i in 0..20 {
        let entry = "code = \"toleration-unexpected\"\nreason = \"it repairs nodes\"";
        writeln!(policy, "[allow.a{i}]\n{entry}\ntarget = \"apps/stranger-{i}\"").unwrap();
    }
    std::fs::write(folder.path().join("policy.toml"), policy).unwrap();
    let (allowing, _) = compiled(folder.path(), "policy.toml");
    let text = strangers(20, "tolerations: [{operator: Exists}]");
    let report = within(&allowing, FEW, &text);
    assert_eq!((report.count(Answer::NotInPolicy), report.exit_code()), (20, 0));
    assert!(messages(&report, "allowance-unused").is_empty());
    let one_more =
        text + "---\n" + strangers(21, "tolerations: [{operator: Exists}]").split("---\n").last().unwrap();
    let report = within(&allowing, FEW, &one_more);
    assert_eq!((report.count(Answer::Violates), report.exit_code()), (1, 1));
}

#[test]
fn classes_decide_about_workloads_that_are_not_remembered() {
    let quiet = strangers(10, "restartPolicy: Always");
    let late =
        strangers(16, "priorityClassName: late").split("---\n").skip(11).collect::<Vec<_>>().join("---\n");
    let text = format!("{quiet}---\n{late}");
    let missing = within(&BASE, FEW, &text);
    assert_eq!((missing.count(Answer::Violates), missing.exit_code()), (6, 1));
    let told = "Pod apps/stranger-10 names priority class `late`, which does not exist";
    assert_eq!(messages(&missing, "class-unknown"), [told]);
    let there = within(&BASE, FEW, &format!("{text}{}", class("late", 0)));
    assert_eq!((there.count(Answer::Violates), there.exit_code()), (0, 0));
    // Above the highest tier it evicts everybody.
    let high = within(&BASE, FEW, &format!("{text}{}", class("late", 2_000_000)));
    assert_eq!((high.count(Answer::Violates), high.exit_code()), (6, 1));
}

#[test]
fn a_class_that_may_be_among_the_forgotten_is_not_called_missing() {
    let classes: String = ["one", "two", "late"].map(|name| class(name, 0)).concat();
    let report = within(&BASE, FEW, &format!("{classes}{}", strangers(5, "priorityClassName: late")));
    assert!(messages(&report, "class-unknown").is_empty());
    let told = messages(&report, "input-forgotten").concat();
    assert!(told.ends_with("; 1 priority class not held against workloads"), "{told}");
}

#[test]
fn copies_of_a_planned_workload_are_counted_with_their_answer() {
    let shop = "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: shop, namespace: apps}\nspec: {template: {spec: {}}}\n";
    let report = within(&BASE, FEW, &shop.repeat(5));
    assert_eq!((report.verdicts.len(), report.workloads()), (2, 5));
    assert_eq!(report.count(Answer::Violates) + report.count(Answer::CouldNotRead), 5);
    assert!(report.findings.iter().filter(|f| f.diagnostic.severity == Severity::Error).count() < 12);
    assert_eq!(report.exit_code(), 1);
}

//! What the outputs would be if a line of the policy said otherwise: it is left out, or another value stands there, and
//! everything but the proof is compiled again. So an answer needs no reason to be recorded, and cannot be made up.

use super::reverse::ranges;
use super::{Note, World};
use crate::emit::Artifact;
use crate::source::tree::{Node, Value};
use crate::source::{SourceFile, Span};

/// Compiles the policy with another text for one of its files; on failure the first error's message.
pub type Again<'a> = dyn Fn(&str, &str) -> Result<Vec<Artifact>, String> + 'a;

/// Most compilations that one question costs.
const MOST: usize = 8;

/// What differs if the entries of a line were left out or said something else.
pub(super) fn page(
    world: World<'_>,
    again: &Again<'_>,
    name: &str,
    file: &SourceFile,
    entries: &[(Span, Node)],
) -> Vec<Note> {
    let Ok(now) = again(name, &file.text) else { return Vec::new() };
    let mut notes = Vec::new();
    let mut left = MOST;
    for (key, node) in entries {
        let mut refused = None;
        for other in others(file, *key, node) {
            if left == 0 {
                return notes;
            }
            left -= 1;
            match again(name, &other.text) {
                Ok(then) => {
                    let lines = changed(world, &now, &then);
                    if !lines.is_empty() {
                        notes.push(Note::new(format!("{}, these lines would be others:", other.says)));
                        notes.extend(lines.into_iter().map(|text| Note { depth: 1, text, at: None }));
                        refused = None;
                        break;
                    }
                }
                Err(message) => {
                    refused = refused.or(Some(format!("{}, it is refused: {message}", other.says)))
                }
            }
        }
        notes.extend(refused.map(Note::new));
    }
    notes
}

/// Another text of the file.
struct Other {
    says: String,
    text: String,
}

/// Other texts: without the entry where it has its lines to itself, and with other values.
fn others(file: &SourceFile, key: Span, node: &Node) -> Vec<Other> {
    let mut found = Vec::new();
    let with = |from: u32, to: u32, new: &str| -> Option<String> {
        let (from, to) = (from as usize, to as usize);
        Some(format!("{}{new}{}", file.text.get(..from)?, file.text.get(to..)?))
    };
    let begin = file.line_range(file.line_col(key.start).0).map_or(0, |range| range.start);
    let alone = file.text.get(begin..key.start as usize).is_some_and(|before| before.trim().is_empty());
    let name = file.text.get(key.start as usize..key.end as usize).unwrap_or("");
    if alone && let Some(text) = with(key.start, node.span.end, "") {
        found.push(Other { says: format!("without `{name}`"), text });
    }
    for value in values(name, &node.value) {
        let text = with(node.span.start, node.span.end, &value);
        found.extend(text.map(|text| Other { says: format!("with `{name} = {value}`"), text }));
    }
    found
}

/// Values of the same kind.
fn values(key: &str, value: &Value) -> Vec<String> {
    let words = |list: &[&str]| list.iter().map(|word| format!("{word:?}")).collect::<Vec<_>>();
    let found = match (key, value) {
        ("kubernetes", _) => words(&["1.33", "1.34", "1.35"]),
        ("datastore", _) => words(&["sqlite", "etcd", "external"]),
        ("fencing", _) => words(&["automatic", "manual", "none"]),
        ("nodes", _) => words(&["agent", "server"]),
        ("role", _) => words(&["agent", "server"]),
        ("storage", _) => words(&["ephemeral", "local", "network"]),
        (_, Value::Bool(value)) => vec![(!value).to_string()],
        (_, Value::Integer(value)) => {
            vec![value.saturating_add(1).to_string(), value.saturating_sub(1).to_string()]
        }
        (_, Value::String(text)) => strings(text),
        (_, Value::Array(items)) if !items.is_empty() => vec!["[]".to_owned()],
        _ => Vec::new(),
    };
    let same = |text: &String| matches!(value, Value::String(own) if *text == format!("{own:?}"));
    found.into_iter().filter(|text| !same(text)).collect()
}

/// Another amount, or another name.
fn strings(text: &str) -> Vec<String> {
    let digits = text.chars().take_while(char::is_ascii_digit).count();
    match text[..digits].parse::<u64>() {
        Ok(amount) => [amount.saturating_add(1), amount.saturating_sub(1)]
            .map(|amount| format!("{:?}", format!("{amount}{}", &text[digits..])))
            .to_vec(),
        Err(_) => vec![format!("{:?}", format!("{text}-2"))],
    }
}

/// Lines of the present files that differ, by file.
fn changed(world: World<'_>, now: &[Artifact], then: &[Artifact]) -> Vec<String> {
    let output = &world.compilation.plan.policy.cluster.output.value;
    let mut found = Vec::new();
    for file in now {
        let Some(other) = then.iter().find(|other| other.path == file.path) else {
            found.push(format!("{output}/{}: the whole file", file.path));
            continue;
        };
        if other.text == file.text {
            continue;
        }
        let diff = similar::TextDiff::from_lines(file.text.as_str(), other.text.as_str());
        let mut numbers: Vec<u32> = Vec::new();
        for op in diff.ops().iter().filter(|op| op.tag() != similar::DiffTag::Equal) {
            // What is only added shows where it would stand.
            let range = op.old_range();
            let end = range.end.max(range.start + 1);
            numbers.extend((range.start..end).map(|at| u32::try_from(at + 1).unwrap_or(u32::MAX)));
        }
        found.push(format!("{output}/{}:{}", file.path, ranges(&numbers)));
    }
    let new = then.iter().filter(|other| now.iter().all(|file| file.path != other.path));
    found.extend(new.map(|other| format!("{output}/{}: a new file", other.path)));
    found
}

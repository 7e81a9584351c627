//! A comparison for a terminal and for a pull request. The most important comes first, so that what has
//! to be cut is the least important.

use super::{Decision, Diff, FileChange, Flip, Loss, SLACK, data};
use crate::markdown::escape as text;

/// GitHub refuses comments of 65,536 characters; this leaves room for a heading of the caller's.
pub const MOST_MARKDOWN: usize = 60_000;

/// Longest single entry of a comment.
const MOST_ENTRY: usize = 1_200;

/// A section: its heading and its entries, each with lines below it.
struct Section {
    title: &'static str,
    entries: Vec<(String, Vec<String>)>,
}

const NOTHING: &str = "nothing changes";

/// For a terminal.
#[must_use]
pub fn human(diff: &Diff) -> String {
    if diff.is_empty() {
        return format!("{NOTHING}\n");
    }
    let mut out = String::new();
    for section in sections(diff) {
        out.push_str(&format!("{}\n", section.title));
        for (entry, below) in &section.entries {
            out.push_str(&format!("  {entry}\n"));
            for line in below {
                out.push_str(&format!("      {line}\n"));
            }
        }
    }
    if let Some(line) = slight(diff) {
        out.push_str(&format!("{line}\n"));
    }
    if !diff.files.is_empty() {
        out.push_str("outputs\n");
        for file in &diff.files {
            out.push_str(&format!("  {} {}\n", sign(file), file.path));
            for line in body(file) {
                out.push_str(&format!("      {line}\n"));
            }
        }
    }
    out
}

/// For a pull request: below [`MOST_MARKDOWN`] characters whatever the change.
#[must_use]
pub fn markdown(diff: &Diff) -> String {
    if diff.is_empty() {
        return format!("**lifeboat**: {NOTHING}.\n");
    }
    let mut out = Bounded::default();
    out.push(&format!("### lifeboat: {}\n", headline(diff)));
    for section in sections(diff) {
        out.push(&format!("\n#### {}\n\n", capital(section.title)));
        for (entry, below) in &section.entries {
            let mut block = format!("- {}\n", cut(&prose(entry)));
            for line in below.iter().take(40) {
                block.push_str(&format!("  - {}\n", cut(&prose(line))));
            }
            if let Some(more @ 1..) = below.len().checked_sub(40) {
                block.push_str(&format!("  - … and {more} more\n"));
            }
            out.push(&block);
        }
    }
    if let Some(line) = slight(diff) {
        out.push(&format!("\n{}\n", prose(&line)));
    }
    for file in &diff.files {
        let lines = body(file);
        // The survival table was told cell by cell already.
        if lines.is_empty() {
            out.push(&format!("\n{} <code>{}</code>\n", file.how, html(&file.path)));
            continue;
        }
        let shown: Vec<String> = lines.iter().take(60).map(|l| cut(l)).collect();
        let fence = "`".repeat(longest_run(&shown).max(2) + 1);
        let mut block = format!(
            "\n<details><summary>{} <code>{}</code></summary>\n\n{fence}diff\n{}\n{fence}\n",
            file.how,
            html(&file.path),
            shown.join("\n")
        );
        if let Some(more @ 1..) = lines.len().checked_sub(60) {
            block.push_str(&format!("… and {more} more lines\n"));
        }
        block.push_str("\n</details>\n");
        out.push(&block);
    }
    out.finish()
}

/// How much is left out because it differs by a few seconds only.
fn slight(diff: &Diff) -> Option<String> {
    let n = diff.slight.len();
    let changes = plural(n, "outage changes", "outages change");
    let left = format!("{n} {changes} by at most {SLACK} s and {} left out", plural(n, "is", "are"));
    (n > 0).then(|| format!("{left}: `lifeboat diff --format json` has {}", plural(n, "it", "them")))
}

/// Everything, for programs.
#[must_use]
pub fn json(diff: &Diff) -> serde_json::Value {
    let mut value = serde_json::to_value(diff).unwrap_or_default();
    value["breaks"] = diff.breaks().into();
    value
}

fn headline(diff: &Diff) -> String {
    let broken = diff.claims.iter().filter(|c| c.breaks()).count();
    let mended = diff.claims.iter().filter(|c| c.was_refuted && c.proved).count();
    let mut parts = Vec::new();
    if broken > 0 {
        parts.push(format!("{broken} {} now **REFUTED**", plural(broken, "claim is", "claims are")));
    }
    if mended > 0 {
        parts.push(format!("{mended} {} proved again", plural(mended, "claim is", "claims are")));
    }
    if diff.claims.is_empty() {
        parts.push("every claim keeps its verdict".to_owned());
    }
    let losses = diff.losses.len();
    if losses > 0 {
        parts.push(format!("{losses} {} otherwise", plural(losses, "loss ends", "losses end")));
    }
    let files = diff.files.len();
    parts.push(format!("{files} {}", plural(files, "output changes", "outputs change")));
    parts.join(", ")
}

fn plural<'t>(n: usize, one: &'t str, more: &'t str) -> &'t str {
    if n == 1 { one } else { more }
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|c| c.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

fn sections(diff: &Diff) -> Vec<Section> {
    let plain = |lines: &[String]| lines.iter().map(|l| (l.clone(), Vec::new())).collect::<Vec<_>>();
    let all = [
        Section { title: "claims that flip", entries: diff.claims.iter().map(claim).collect() },
        Section { title: "what the edit hides", entries: plain(&diff.hidden) },
        Section { title: "by hand", entries: plain(&diff.by_hand) },
        Section { title: "after a loss", entries: diff.losses.iter().map(loss).collect() },
        Section { title: "decisions", entries: diff.decisions.iter().map(decision).collect() },
    ];
    all.into_iter().filter(|s| !s.entries.is_empty()).collect()
}

/// A decision; of trees on both sides what differs in them, below it.
fn decision(decision: &Decision) -> (String, Vec<String>) {
    let who = who(&decision.who);
    let (before, after) = (decision.before.as_deref(), decision.after.as_deref());
    let is_tree = |text: &str| text.starts_with(['{', '[']);
    let places = match (before, after) {
        (Some(before), Some(after)) if is_tree(before) && is_tree(after) => data::changes(before, after),
        _ => None,
    };
    let entry = match decision.what.as_str() {
        "exists" if before.is_none() => format!("{who}: new"),
        "exists" => format!("{who}: gone"),
        what if places.is_some() => format!("{who}: {what}"),
        what => format!("{who}: {what} {}", arrow(before, after)),
    };
    let entry = if decision.because.is_empty() { entry } else { format!("{entry}, by {}", decision.because) };
    let below = places.iter().flatten();
    let below = below.map(|c| format!("{}: {}", c.path, arrow(c.before.as_deref(), c.after.as_deref())));
    (entry, below.collect())
}

/// Names, the first ten of them.
fn who(names: &[String]) -> String {
    let shown = names.iter().take(10).cloned().collect::<Vec<_>>().join(", ");
    match names.len().checked_sub(10) {
        Some(more @ 1..) => format!("{shown} and {more} more"),
        _ => shown,
    }
}

fn arrow(before: Option<&str>, after: Option<&str>) -> String {
    match (before, after) {
        (Some(before), Some(after)) => format!("{before} → {after}"),
        (None, Some(after)) => format!("now {after}"),
        (Some(before), None) => format!("no longer {before}"),
        (None, None) => String::new(),
    }
}

fn claim(flip: &Flip) -> (String, Vec<String>) {
    let change = match (&flip.before, &flip.after) {
        (Some(before), Some(after)) => format!("{before} → {after}"),
        (None, Some(after)) => format!("new claim, {after}"),
        (Some(before), None) => format!("claim is gone, was {before}"),
        (None, None) => String::new(),
    };
    (format!("{}: {}: {change}", flip.scenario, flip.claim), flip.because.clone())
}

fn loss(loss: &Loss) -> (String, Vec<String>) {
    let named =
        if loss.scenarios.is_empty() { String::new() } else { format!(" [{}]", loss.scenarios.join(", ")) };
    let title = match loss.lost.as_str() {
        "none" => "nothing lost".to_owned(),
        lost => format!("lost: {lost}"),
    };
    let new = if loss.new { ", a loss that was not possible before" } else { "" };
    let mut lines: Vec<String> = loss
        .rows
        .iter()
        .map(|r| match (&r.before, &r.after) {
            (Some(before), Some(after)) => format!("{}: {before} → {after}", r.name),
            (None, Some(after)) => format!("{}: {after}", r.name),
            (Some(before), None) => format!("{}: gone, was {before}", r.name),
            (None, None) => r.name.clone(),
        })
        .collect();
    let pairs = |word: &str, list: &[String]| list.iter().map(|p| format!("{word}: {p}")).collect::<Vec<_>>();
    lines.extend(pairs("evicted now", &loss.evicted));
    lines.extend(pairs("no longer evicted", &loss.spared));
    lines.extend(pairs("stands elsewhere", &loss.moved));
    (format!("{title}{named}{new}"), lines)
}

fn sign(file: &FileChange) -> &'static str {
    match file.how {
        "added" => "+",
        "removed" => "-",
        _ => "~",
    }
}

/// The change of a file, a line each.
fn body(file: &FileChange) -> Vec<String> {
    if let Some(changes) = &file.data {
        let told = changes.iter().flat_map(|c| match (&c.before, &c.after) {
            (Some(before), Some(after)) => {
                vec![format!("- {}: {before}", c.path), format!("+ {}: {after}", c.path)]
            }
            (None, Some(after)) => vec![format!("+ {}: {after}", c.path)],
            (Some(before), None) => vec![format!("- {}: {before}", c.path)],
            (None, None) => Vec::new(),
        });
        return told.map(|line| line.replace('\n', "\\n")).collect();
    }
    file.text.iter().flat_map(|text| text.lines().map(str::to_owned)).collect()
}

fn longest_run(lines: &[String]) -> usize {
    lines.iter().flat_map(|l| l.split(|c| c != '`')).map(str::len).max().unwrap_or(0)
}

/// Text in which only commands between backticks keep their meaning.
fn prose(line: &str) -> String {
    let pieces: Vec<&str> = line.split('`').collect();
    if pieces.len().is_multiple_of(2) {
        return text(line);
    }
    let piece = |(i, piece): (usize, &&str)| if i % 2 == 1 { format!("`{piece}`") } else { text(piece) };
    pieces.iter().enumerate().map(piece).collect()
}

fn html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn cut(text: &str) -> String {
    if text.chars().count() <= MOST_ENTRY {
        return text.to_owned();
    }
    text.chars().take(MOST_ENTRY).collect::<String>() + "…"
}

/// A text that does not grow past its limit: whole blocks are left out, and counted.
#[derive(Default)]
struct Bounded {
    out: String,
    chars: usize,
    left_out: usize,
}

impl Bounded {
    fn push(&mut self, block: &str) {
        let chars = block.chars().count();
        if self.left_out > 0 || self.chars + chars > MOST_MARKDOWN - 200 {
            self.left_out += 1;
            return;
        }
        self.chars += chars;
        self.out.push_str(block);
    }

    fn finish(mut self) -> String {
        if self.left_out > 0 {
            let more = self.left_out;
            self.out.push_str(&format!(
                "\n… and {more} more entries: `lifeboat diff --format json` has all of them.\n"
            ));
        }
        self.out
    }
}

//! The proposal as sections and lines, each of which can be taken out again.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::Value;

/// A policy in the making.
#[derive(Default)]
pub(super) struct Draft {
    pub(super) sections: Vec<Section>,
}

/// One table with what belongs to it.
#[derive(Default)]
pub(super) struct Section {
    /// Comments above it, each a line without `# `.
    pub(super) notes: Vec<String>,
    /// Its header, without brackets; a table below it is a line of its own.
    pub(super) header: String,
    pub(super) lines: Vec<Line>,
    /// Whether the policy is none without it.
    pub(super) needed: bool,
    /// What stands here if it is taken out.
    pub(super) instead: Vec<Section>,
    /// Lines that other tables get if it is taken out, by the table's header: what it said for them.
    pub(super) leaves: Vec<(String, String)>,
}

/// One line of a table.
pub(super) struct Line {
    pub(super) text: String,
    /// Whether the table is one without it.
    optional: bool,
}

impl Section {
    pub(super) fn new(header: impl Into<String>) -> Self {
        Self { header: header.into(), ..Self::default() }
    }

    pub(super) fn needed(mut self) -> Self {
        self.needed = true;
        self
    }

    /// Adds a line that the table needs.
    pub(super) fn line(&mut self, text: impl Into<String>) {
        self.lines.push(Line { text: text.into(), optional: false });
    }

    /// Adds a line that may go.
    pub(super) fn optional(&mut self, text: impl Into<String>) {
        self.lines.push(Line { text: text.into(), optional: true });
    }

    pub(super) fn note(&mut self, text: &str) {
        self.notes.push(plain(text));
    }
}

/// Where a line of the text comes from.
#[derive(Clone, Copy)]
struct Origin {
    section: usize,
    line: Option<usize>,
}

impl Draft {
    /// The policy.
    pub(super) fn text(&self) -> String {
        let mut text = String::from(
            "#:schema ./policy.schema.json\n# Proposed from a dump of the cluster. Lines with `?` are guesses: check them, then `lifeboat build`.\n",
        );
        for section in &self.sections {
            text.push('\n');
            for note in &section.notes {
                let _ = writeln!(text, "# {note}");
            }
            if !section.header.is_empty() {
                let _ = writeln!(text, "[{}]", section.header);
            }
            for line in &section.lines {
                let _ = writeln!(text, "{}", line.text);
            }
        }
        text
    }

    /// Origins of the text's lines, the first of which is the line 1.
    fn origins(&self) -> Vec<Option<Origin>> {
        let mut origins = vec![None, None];
        for (section, own) in self.sections.iter().enumerate() {
            origins.extend(std::iter::repeat_n(None, 1 + own.notes.len()));
            if !own.header.is_empty() {
                origins.push(Some(Origin { section, line: None }));
            }
            origins.extend((0..own.lines.len()).map(|line| Some(Origin { section, line: Some(line) })));
        }
        origins
    }

    /// Takes out the lines that were refused, with why: the line alone where the table does without it.
    pub(super) fn take_out(&mut self, refused: &BTreeMap<usize, &str>) {
        let origins = self.origins();
        let mut gone: Option<usize> = None;
        for (number, why) in refused.iter().rev() {
            let Some(Some(origin)) = number.checked_sub(1).and_then(|at| origins.get(at)) else { continue };
            if gone == Some(origin.section) {
                continue;
            }
            let section = &mut self.sections[origin.section];
            match origin.line {
                Some(line) if section.lines[line].optional => {
                    let text = section.lines.remove(line).text;
                    section.note(&format!("? left out: {text}: {why}"));
                }
                _ if section.needed => {}
                _ => {
                    gone = Some(origin.section);
                    self.replace(origin.section, why);
                }
            }
        }
    }

    /// Takes out the last section that may go; whether there was one. Nodes stay: without them nothing is left.
    pub(super) fn take_out_last(&mut self, why: &str) -> bool {
        let may = |section: &Section| {
            !section.needed && !section.header.is_empty() && !section.header.starts_with("nodes.")
        };
        let Some(last) = self.sections.iter().rposition(may) else { return false };
        self.replace(last, why);
        true
    }

    fn replace(&mut self, at: usize, why: &str) {
        let old = self.sections.remove(at);
        let mut remark = Section { notes: old.notes, ..Section::default() };
        let how =
            if old.instead.iter().any(|other| other.header == old.header) { "changed" } else { "left out" };
        remark.note(&format!("? {how}: [{}]: {why}", old.header));
        for (header, text) in old.leaves {
            let Some(section) = self.sections.iter_mut().find(|section| section.header == header) else {
                continue;
            };
            let key = |text: &str| text.split(" = ").next().map(str::to_owned);
            match section.lines.iter_mut().find(|line| key(&line.text) == key(&text)) {
                Some(line) => line.text = text,
                None => section.optional(text),
            }
        }
        self.sections.splice(at..at, std::iter::once(remark).chain(old.instead));
    }
}

/// Text on one line, without what could steer a terminal or end a comment.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(400).collect()
}

/// A TOML string. JSON's escapes are TOML's, but for the one character that JSON leaves as it is.
pub(super) fn quoted(text: &str) -> String {
    Value::from(text).to_string().replace('\u{7f}', "\\u007f")
}

/// A TOML key.
pub(super) fn key(text: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if !text.is_empty() && text.chars().all(bare) { text.to_owned() } else { quoted(text) }
}

/// An inline table: `{ cpu = "100m", memory = "64Mi" }`.
pub(super) fn table(entries: &[(String, String)]) -> String {
    let entries: Vec<String> = entries.iter().map(|(key, value)| format!("{key} = {value}")).collect();
    format!("{{ {} }}", entries.join(", "))
}

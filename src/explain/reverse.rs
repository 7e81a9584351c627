//! What a line of the policy causes.

use std::collections::{BTreeMap, BTreeSet};

use super::{Note, Page, World};
use crate::prove::render::claim_text;
use crate::source::tree::{self, Node, Value};
use crate::source::{FileId, SourceFile, Span};
use crate::why::Why;

/// What a line of a source causes; `None` if no such source was read or it has no such line.
pub(super) fn page(world: World<'_>, name: &str, line: usize) -> Option<Page> {
    let (id, file) = world.sources.iter().find(|(_, f)| &*f.name == name)?;
    let range = file.line_range(line)?;
    let text = file.text.get(range).unwrap_or("").trim();
    let mut page = Page::new(format!("{name}:{line}: {text}"));
    let paths = paths(id, file, line, text.starts_with('['));
    let here = |span: &Span| span.file == id && file.line_col(span.start).0 == line;
    let below = |path: &str| {
        paths
            .iter()
            .any(|p| path.strip_prefix(p.as_str()).is_some_and(|r| r.is_empty() || r.starts_with('.')))
    };
    let plan = &world.compilation.plan;
    // Reasons of this line, and all that rest on them; reasons are recorded after what they rest on.
    let mut mine: BTreeSet<Why> = BTreeSet::new();
    for (why, reason) in plan.ledger.iter() {
        let own = reason.at.as_ref().is_some_and(here) || below(&reason.path);
        if own || reason.because.iter().any(|b| mine.contains(b)) {
            mine.insert(why);
        }
    }
    page.part("it states", paths.iter().map(|p| Note::new(p.clone())).collect());
    page.part("decisions", decisions(world, &mine));
    page.part("lines", lines(world, &mine));
    let claims = world.compilation.proof.iter().flat_map(|p| &p.claims);
    let about = claims.filter(|c| {
        c.claim.span.as_ref().is_some_and(here) || below(&format!("scenarios.{}", c.claim.scenario))
    });
    let claims =
        about.map(|c| Note::new(format!("{}: {}: {}", c.claim.scenario, claim_text(&c.claim), c.verdict)));
    page.part("claims", claims.collect());
    if page.parts.is_empty() {
        page.part("it states", vec![Note::new("nothing: a comment or a blank line")]);
    } else if page.parts.len() == 1 {
        page.part(
            "it causes",
            vec![Note::new("nothing by itself in the outputs; it is read where other lines need it")],
        );
    }
    Some(page)
}

/// Policy paths that a line states: of a table's header all below it, else the entries on the line.
fn paths(id: FileId, file: &SourceFile, line: usize, header: bool) -> Vec<String> {
    let (root, _) = tree::parse(id, &file.text);
    let on = |span: &Span| {
        let (first, last) = (file.line_col(span.start).0, file.line_col(span.end.saturating_sub(1)).0);
        (first..=last.max(first)).contains(&line)
    };
    let mut found = Vec::new();
    let mut open: Vec<(String, &Node)> = vec![(String::new(), &root)];
    while let Some((path, node)) = open.pop() {
        let Value::Table(table) = &node.value else { continue };
        for (key, entry) in table {
            let mut below = path.clone();
            crate::shape::push_key(&mut below, key);
            let table = matches!(entry.node.value, Value::Table(_));
            // A header's table knows the header as its place; other tables are told by their entries.
            let meant =
                if table { header && on(&entry.node.span) } else { on(&entry.key) || on(&entry.node.span) };
            if meant {
                found.push(below);
            } else if table {
                open.push((below, &entry.node));
            }
        }
    }
    found.sort();
    found
}

fn decisions(world: World<'_>, mine: &BTreeSet<Why>) -> Vec<Note> {
    let plan = &world.compilation.plan;
    let mut told: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut add = |what: String, who: String, why: Why| {
        if mine.contains(&why) {
            let who_all = told.entry(what).or_default();
            if !who_all.contains(&who) {
                who_all.push(who);
            }
        }
    };
    for carrier in &plan.carriers {
        let who = plan.display(carrier);
        if let Some(tier) = carrier.tier {
            add("tier".to_owned(), who.clone(), tier.why);
        }
        add("installed or not".to_owned(), who.clone(), carrier.enabled.why);
        if let Some(storage) = &carrier.storage {
            add("storage".to_owned(), who.clone(), storage.why);
        }
        for (target, decision) in &carrier.fields {
            add(target.to_string(), who.clone(), decision.value.why);
            for (_, why) in &decision.parts {
                add(target.to_string(), who.clone(), *why);
            }
        }
    }
    for class in &plan.classes {
        add("priority class".to_owned(), class.name.clone(), class.why);
    }
    for node in &plan.nodes {
        add("allocatable".to_owned(), node.name.clone(), node.milli.why);
        add("allocatable".to_owned(), node.name.clone(), node.bytes.why);
        for taint in &node.taints {
            add("taints".to_owned(), node.name.clone(), taint.why);
        }
    }
    told.into_iter().map(|(what, who)| Note::new(format!("{what} of {}", who.join(", ")))).collect()
}

fn lines(world: World<'_>, mine: &BTreeSet<Why>) -> Vec<Note> {
    let output = &world.compilation.plan.policy.cluster.output.value;
    let mut notes = Vec::new();
    for artifact in &world.compilation.artifacts {
        let numbers: Vec<u32> =
            artifact.lines.iter().filter(|l| mine.contains(&l.why)).map(|l| l.line).collect();
        if !numbers.is_empty() {
            notes.push(Note::new(format!("{output}/{}:{}", artifact.path, ranges(&numbers))));
        }
    }
    notes
}

/// `3-7,12`.
fn ranges(numbers: &[u32]) -> String {
    let mut parts: Vec<(u32, u32)> = Vec::new();
    for &n in numbers {
        match parts.last_mut() {
            Some((_, last)) if n <= last.saturating_add(1) => *last = n.max(*last),
            _ => parts.push((n, n)),
        }
    }
    let text = parts.iter().map(|(a, b)| if a == b { a.to_string() } else { format!("{a}-{b}") });
    text.collect::<Vec<_>>().join(",")
}

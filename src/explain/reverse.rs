//! What a line of the policy causes.

use std::collections::{BTreeMap, BTreeSet};

use super::other::{self, Again};
use super::{Note, Page, World};
use crate::prove::render::claim_text;
use crate::source::tree::{self, Node, Value};
use crate::source::{FileId, SourceFile, Span};
use crate::why::{Reason, Why};

/// What a line of a source causes; `None` if no such source was read or it has no such line.
pub(super) fn page(world: World<'_>, name: &str, line: usize, again: Option<&Again<'_>>) -> Option<Page> {
    let (id, file) = world.sources.iter().find(|(_, f)| &*f.name == name)?;
    let range = file.line_range(line)?;
    let text = file.text.get(range).unwrap_or("").trim();
    let mut page = Page::new(format!("{name}:{line}: {text}"));
    let stated = Stated::of(id, file, line, text);
    let here = |span: &Span| span.file == id && file.line_col(span.start).0 == line;
    let below = |path: &str| stated.covers(path);
    let mine = resting(world, |reason| reason.at.as_ref().is_some_and(here) || below(&reason.path));
    page.part("it states", stated.paths.iter().map(|p| Note::new(p.clone())).collect());
    page.part("decisions", decisions(world, &mine));
    let lines = lines(world, &mine);
    let told = !lines.is_empty();
    page.part("lines", lines);
    page.part("claims", claims(world, &here, &below));
    // What no reason was recorded of is tried: the outputs that another value would give.
    if let Some(again) = again.filter(|_| !told && !stated.header) {
        page.part("if it said otherwise", other::page(world, again, name, file, &stated.entries));
    }
    page.part("it decides", whole(world, &stated.paths));
    if page.parts.is_empty() {
        let nothing = text.is_empty() || text.starts_with('#');
        let states = if nothing {
            "nothing: a comment or a blank line"
        } else {
            "a value of the team's own: the plan starts from what it renders, and the overlay says only what has to differ"
        };
        page.part("it states", vec![Note::new(states)]);
    } else if page.parts.len() == 1 {
        page.part(
            "it causes",
            vec![Note::new("nothing by itself in the outputs; it is read where other lines need it")],
        );
    }
    Some(page)
}

/// Reasons of a path of the policy and of what lies below it, and all that rest on them.
pub(super) fn because_of(world: World<'_>, path: &str) -> BTreeSet<Why> {
    resting(world, |reason| {
        reason.path.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    })
}

/// Reasons that are meant, and all that rest on them; reasons are recorded after what they rest on.
fn resting(world: World<'_>, meant: impl Fn(&Reason) -> bool) -> BTreeSet<Why> {
    let mut mine: BTreeSet<Why> = BTreeSet::new();
    for (why, reason) in world.compilation.plan.ledger.iter() {
        if meant(reason) || reason.because.iter().any(|b| mine.contains(b)) {
            mine.insert(why);
        }
    }
    mine
}

/// Claims of a line: its own, and of a scenario's losses and moment every one of the scenario.
fn claims(world: World<'_>, here: &dyn Fn(&Span) -> bool, below: &dyn Fn(&str) -> bool) -> Vec<Note> {
    let claims = world.compilation.proof.iter().flat_map(|p| &p.claims);
    let about = claims.filter(|c| {
        let scenario = format!("scenarios.{}", c.claim.scenario);
        let all = ["lose", "after", "within", "event"].iter().any(|key| below(&format!("{scenario}.{key}")));
        c.claim.span.as_ref().is_some_and(here) || below(&scenario) || all
    });
    about
        .map(|c| Note::new(format!("{}: {}: {}", c.claim.scenario, claim_text(&c.claim), c.verdict)))
        .collect()
}

/// What is made as a whole of what a service's line says.
fn whole(world: World<'_>, paths: &[String]) -> Vec<Note> {
    let plan = &world.compilation.plan;
    let output = &plan.policy.cluster.output.value;
    let mut notes = Vec::new();
    for service in &plan.policy.services {
        let of = |key: &str| paths.contains(&format!("services.{}.{key}", service.name.value));
        if of("chart") || of("version") || of("repository") {
            notes.push(Note::new(format!(
                "which values reach which pods: all of {output}/{}/values.yaml is made for this chart at this version",
                service.name.value
            )));
        }
        if of("values") {
            notes.push(Note::new(format!(
                "what the chart renders before the overlay: {output}/{}/values.yaml says only what these values leave to say",
                service.name.value
            )));
        }
    }
    if paths.iter().any(|path| path == "cluster.kubernetes") {
        notes.push(Note::new(
            "by which rules of kube-scheduler and the controllers everything is proved, and which fields objects may have",
        ));
    }
    if paths.iter().any(|path| path.starts_with("cluster.datastore")) {
        notes.push(Note::new("whether a lost server leaves a control plane, and how its data are restored"));
    }
    notes
}

/// What a line states.
struct Stated {
    /// The paths of its entries; of a table's header the table.
    paths: Vec<String>,
    /// The entries on it, with their keys' places.
    entries: Vec<(Span, Node)>,
    /// Whether it is a table's header.
    header: bool,
}

impl Stated {
    fn of(id: FileId, file: &SourceFile, line: usize, text: &str) -> Self {
        if text.starts_with('[') {
            return Self { paths: header(id, text).into_iter().collect(), entries: Vec::new(), header: true };
        }
        let found = entries(id, file, line);
        let (paths, entries) = found.into_iter().unzip();
        Self { paths, entries, header: false }
    }

    /// Whether a path is one of them or lies below one.
    fn covers(&self, path: &str) -> bool {
        let mut paths = self.paths.iter();
        paths.any(|p| path.strip_prefix(p.as_str()).is_some_and(|r| r.is_empty() || r.starts_with('.')))
    }
}

/// The path of a header by its own text: a table above it begins with its first header, too, and says nothing.
fn header(id: FileId, text: &str) -> Option<String> {
    let (mut node, _) = tree::parse(id, text);
    let mut path = String::new();
    loop {
        let inner = match node.value {
            Value::Array(mut items) => items.pop()?,
            Value::Table(mut table) => match table.pop() {
                Some((key, entry)) => {
                    crate::shape::push_key(&mut path, &key);
                    entry.node
                }
                None => return (!path.is_empty()).then_some(path),
            },
            _ => return None,
        };
        node = inner;
    }
}

/// The entries on a line with their paths, in the order of the paths.
fn entries(id: FileId, file: &SourceFile, line: usize) -> Vec<(String, (Span, Node))> {
    let (root, _) = tree::parse(id, &file.text);
    let on = |span: &Span| {
        let (first, last) = (file.line_col(span.start).0, file.line_col(span.end.saturating_sub(1)).0);
        (first..=last.max(first)).contains(&line)
    };
    let mut found = Vec::new();
    let mut open: Vec<(String, Node)> = vec![(String::new(), root)];
    while let Some((path, node)) = open.pop() {
        let Value::Table(table) = node.value else { continue };
        for (key, entry) in table {
            let mut below = path.clone();
            crate::shape::push_key(&mut below, &key);
            // A table is told by its entries.
            if matches!(entry.node.value, Value::Table(_)) {
                open.push((below, entry.node));
            } else if on(&entry.key) || on(&entry.node.span) {
                found.push((below, (entry.key, entry.node)));
            }
        }
    }
    found.sort_by(|a, b| a.0.cmp(&b.0));
    found
}

pub(super) fn decisions(world: World<'_>, mine: &BTreeSet<Why>) -> Vec<Note> {
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

pub(super) fn lines(world: World<'_>, mine: &BTreeSet<Why>) -> Vec<Note> {
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
pub(super) fn ranges(numbers: &[u32]) -> String {
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

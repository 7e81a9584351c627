//! A line of an output.

use super::{Note, Page, World, mention, object, reason, script, survival};
use crate::emit::Line;
use crate::emit::{Artifact, record};
use crate::overlay::{Leaf, Overlay};
use crate::why::{Rule, Why};

/// A line of an output. `None` if there is no such line.
pub(super) fn line(world: World<'_>, path: &str, line: u32) -> Option<Page> {
    let artifact = world.compilation.artifacts.iter().find(|a| a.path == path)?;
    let text = artifact.text.lines().nth(usize::try_from(line.checked_sub(1)?).ok()?)?;
    let mut page = Page::new(format!("{path}:{line}: {}", text.trim()));
    // A key, a comment or a blank line belongs to the first value below it.
    let found = artifact.lines.iter().find(|l| l.line >= line).filter(|_| !heads(artifact, line));
    match found {
        _ if path == "SURVIVAL.md" && survival::add(world, &mut page, text, line) => {}
        Some(found) => value(world, &mut page, artifact, found),
        None => heading(world, &mut page, artifact),
    }
    let parts = page.parts.len();
    page.part("it says", script::of(world, path, text));
    host(world, &mut page, artifact, line, text);
    page.part("it names", mention::of(world, text));
    // What the line names says more than that nothing was stated.
    if page.parts.len() > parts && found.is_some_and(|l| ordinary(world, l.why)) {
        page.parts.retain(|part| part.title != "why");
    }
    Some(page)
}

/// Whether a reason is that of what every cluster gets.
fn ordinary(world: World<'_>, why: Why) -> bool {
    world.compilation.plan.ledger.get(why).rule == Rule::Default
}

/// Whether a line belongs to the comment that heads the file: above the first blank line, or above the
/// first value of a file without one.
fn heads(artifact: &Artifact, line: u32) -> bool {
    let number = |n: usize| u32::try_from(n + 1).unwrap_or(u32::MAX);
    let first = artifact.text.lines().position(|l| !l.starts_with('#'));
    first.is_none_or(|first| line < number(first))
}

fn value(world: World<'_>, page: &mut Page, artifact: &Artifact, line: &Line) {
    if let Some((overlay, leaf)) = leaf(world, artifact, &line.path) {
        self::leaf_notes(world, page, overlay, leaf);
    } else {
        let of = object::of(artifact, line.line).unwrap_or_else(|| artifact.path.clone());
        page.part("what", vec![Note::new(format!("`{}` of {of}", line.path.join(".")))]);
    }
    page.part("why", reason::chain(world, line.why));
}

/// The leaf of an overlay to which a values path belongs.
fn leaf<'w>(world: World<'w>, artifact: &Artifact, path: &[String]) -> Option<(&'w Overlay, &'w Leaf)> {
    let service = artifact.path.strip_suffix("/values.yaml")?;
    let overlay = world.compilation.lowered.overlays.iter().find(|o| name(world, o) == service)?;
    let leaf = overlay.leaves.iter().find(|leaf| path.starts_with(leaf.path.keys()))?;
    Some((overlay, leaf))
}

fn name<'w>(world: World<'w>, overlay: &Overlay) -> &'w str {
    let plan = &world.compilation.plan;
    &plan.policy.services[plan.services[overlay.service].index].name.value
}

fn leaf_notes(world: World<'_>, page: &mut Page, overlay: &Overlay, leaf: &Leaf) {
    let plan = &world.compilation.plan;
    let edition = &plan.services[overlay.service].edition;
    let what = format!(
        "values path `{}` of {} ({} {})",
        leaf.path,
        name(world, overlay),
        edition.chart,
        edition.version
    );
    let mut notes = vec![Note::new(what)];
    notes.push(Note::new(match &leaf.replaces {
        Some(value) => format!("replaces {}", short(value)),
        None => "replaces nothing: without it, nothing is there".to_owned(),
    }));
    if let Some(pin) = &leaf.pin {
        notes.push(Note::new(format!("equals what is there; {}", pin.reason())));
    }
    if leaf.value.is_null() {
        notes.push(Note::new("`null` deletes the chart's default when Helm merges"));
    }
    page.part("what", notes);
    let carriers = leaf.carriers.iter().map(|&id| {
        let carrier = plan.carrier(id);
        Note::new(format!(
            "{} ({} {}/{})",
            plan.display(carrier),
            carrier.kind,
            carrier.namespace,
            carrier.name
        ))
    });
    page.part("it reaches", carriers.collect());
}

fn short(value: &serde_json::Value) -> String {
    const MOST: usize = 200;
    let text = value.to_string();
    if text.chars().count() <= MOST { text } else { text.chars().take(MOST).collect::<String>() + "…" }
}

/// A line without a value of its own: what the file is.
fn heading(world: World<'_>, page: &mut Page, artifact: &Artifact) {
    let policy = &world.compilation.plan.policy;
    let about = purpose(&artifact.path);
    let mut notes = vec![Note::new(about)];
    let cluster = &policy.cluster.name;
    let at = cluster.span.map(|span| reason::at(world, span));
    notes.push(Note::at(format!("written for {}", cluster.path), at));
    if let Some(service) = artifact.path.strip_suffix("/values.yaml").and_then(|name| policy.service(name)) {
        let at = service.name.span.map(|span| reason::at(world, span));
        notes.push(Note::at(format!("the overlay of {}", service.name.path), at));
    }
    page.part("what", notes);
}

/// What each kind of file is for, and what of the policy it is made of.
fn purpose(path: &str) -> &'static str {
    let name = path.rsplit('/').next().unwrap_or(path);
    match (path, name) {
        (record::FILE, _) => {
            "the record of the build: what it wrote, so that the next one knows its own files"
        }
        ("RUNBOOK.md", _) => {
            "the page for 3 a.m.: made of [nodes], [tiers], [services], [scenarios] and [recovery]"
        }
        ("SURVIVAL.md", _) => {
            "the proved table: every loss set against every service, and each claim of [scenarios]"
        }
        (path, _) if path.starts_with("cluster/argocd/") => {
            "how Argo CD consumes the outputs: made of [argocd] and [services]"
        }
        (_, "values.yaml") => {
            "an overlay: the smallest values that make the plan true, as the last values file"
        }
        (_, "priority-classes.yaml") => "a class per tier: made of [tiers] and the lock",
        (_, "lifeboat-lock.yaml") => "the lock: made of [lifeboat] with the lever `lock`",
        (_, "application-budget.yaml") => "what the claims leave to the applications: made of [budget]",
        (_, "taints.sh") => "sets and removes the taints of [lifeboat] and of [nodes]",
        (_, "install.sh") => "brings the host's files to a node of [nodes]",
        (_, "fence.sh") => "tells Kubernetes that a node of [nodes] is dead, by the rules of [recovery]",
        (_, "rebalance.sh") => "brings back green: a rollout for each workload that boarded",
        (_, "status.sh") => "says what state the cluster is in: made of [nodes], [services] and [workloads]",
        (_, "restore.md") => "how the datastore of [cluster] is restored",
        (path, _) if path.starts_with("cluster/k3s/") => {
            "K3s's drop-in of a node: taints and labels at registration, reserve, snapshots, clocks"
        }
        (path, _) if path.starts_with("cluster/recovery/") => "recovery by the rules of [recovery]",
        _ => "an output of the build",
    }
}

/// Lines of a node's drop-in rest on what the policy says of that node. A list's key belongs to its first entry.
fn host(world: World<'_>, page: &mut Page, artifact: &Artifact, line: u32, text: &str) {
    let path = artifact.path.as_str();
    let Some(name) = path.strip_prefix("cluster/k3s/").and_then(|n| n.strip_suffix(".yaml")) else { return };
    let Some(node) = world.compilation.plan.policy.nodes.iter().find(|n| n.name.value == name) else {
        return;
    };
    let above =
        artifact.text.lines().take(line as usize).filter(|l| !l.starts_with(' ')).last().unwrap_or("");
    let key = text.trim_end().ends_with(':');
    let next = artifact.text.lines().nth(line as usize).filter(|_| key);
    let text = next.unwrap_or(text);
    let mut notes = Vec::new();
    if above.starts_with("node-taint")
        && let Some(plan) = world.compilation.plan.nodes.iter().find(|n| n.name == name)
    {
        let shown = |taint: &crate::policy::Taint| key || text.contains(&format!("\"{taint}\""));
        for taint in plan.taints.iter().filter(|taint| shown(&taint.value)) {
            notes.push(Note::new(format!("taint {}", taint.value)));
            notes.extend(
                reason::chain(world, taint.why).into_iter().map(|n| Note { depth: n.depth + 1, ..n }),
            );
        }
    }
    if above.starts_with("node-label") && !text.contains("lifeboat.dev/build=") {
        let labels = &node.labels;
        notes.push(Note::at(labels.path.clone(), labels.span.map(|span| reason::at(world, span))));
        notes.extend(
            node.zone.iter().map(|z| Note::at(z.path.clone(), z.span.map(|span| reason::at(world, span)))),
        );
    }
    let mut add = |path: &str, span: Option<crate::source::Span>| {
        let rule = if span.is_some() { Rule::Stated } else { Rule::Default };
        let text = format!("{path}: {} [{}]", rule.text(), rule.name());
        notes.push(Note::at(text, span.map(|span| reason::at(world, span))));
    };
    if text.contains("system-reserved") {
        for (path, span) in [
            node.reserve.cpu.as_ref().map(|f| (&f.path, f.span)),
            node.reserve.memory.as_ref().map(|f| (&f.path, f.span)),
        ]
        .into_iter()
        .flatten()
        {
            add(path, span);
        }
    }
    if text.contains("eviction-hard") {
        add(&node.eviction_threshold.path, node.eviction_threshold.span);
    }
    if let Some(snapshots) = &world.compilation.plan.policy.recovery.snapshots {
        if text.contains("snapshot-schedule") {
            add(&snapshots.schedule.path, snapshots.schedule.span);
        }
        if text.contains("snapshot-retention") {
            add(&snapshots.retention.path, snapshots.retention.span);
        }
    }
    if text.contains("lifeboat.dev/build=") {
        notes.push(Note::new(
            "a digest of everything that install.sh puts on this host: status.sh reads it from the API server [build label]",
        ));
    }
    page.part("it says", notes);
}

/// A values path: `controller.tolerations`, or with the service before a colon.
pub(super) fn values_path(world: World<'_>, subject: &str) -> Option<Page> {
    let (service, path) = match subject.split_once(':') {
        Some((service, path)) => (Some(service), path),
        None => (None, subject),
    };
    let mut page = Page::new(format!("values path {path}"));
    for overlay in &world.compilation.lowered.overlays {
        if service.is_some_and(|wanted| wanted != name(world, overlay)) {
            continue;
        }
        for leaf in &overlay.leaves {
            let own = leaf.path.to_string();
            let below = own.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
            let above = path.strip_prefix(&own).is_some_and(|rest| rest.starts_with(['.', '[']));
            if below || above {
                leaf_notes(world, &mut page, overlay, leaf);
                page.part("why", whys(world, leaf));
            }
        }
    }
    (!page.parts.is_empty()).then_some(page)
}

/// The reasons of a leaf and of its parts.
fn whys(world: World<'_>, leaf: &Leaf) -> Vec<Note> {
    let mut notes: Vec<Note> = Vec::new();
    for why in std::iter::once(leaf.why).chain(leaf.parts.iter().map(|(_, why)| *why)) {
        for note in reason::chain(world, why) {
            if !notes.contains(&note) {
                notes.push(note);
            }
        }
    }
    notes
}

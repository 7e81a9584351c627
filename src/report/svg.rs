//! A scene as SVG: nodes with the pods in them, coloured by tier, and who waits.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::Report;
use super::atlas::{Scene, node_of};
use crate::lifecycle::{NodeId, PodStatus};
use crate::policy::Phase;

/// Width of a node's box.
const BOX: usize = 290;
/// Space between boxes and around them.
const GAP: usize = 16;
/// Height of a line of chips.
const LINE: usize = 24;
/// Height of a node's heading.
const HEAD: usize = 44;
/// Most nodes side by side.
const ABREAST: usize = 3;

const STYLE: &str = "\
svg{font:12px system-ui,sans-serif;--ink:#1c2430;--dim:#5b6676;--paper:#fff;--box:#f3f5f8;--line:#c5ccd6;\
--t0:#6d28d9;--t1:#0b63b0;--t2:#0f7a4d;--t3:#8a5a00;--tn:#667080;--bad:#c02626}\
@media(prefers-color-scheme:dark){svg{--ink:#e8ecf2;--dim:#9aa6b6;--paper:#12161c;--box:#1c222b;--line:#3a4452;\
--t0:#a78bfa;--t1:#5fb0f5;--t2:#4cc38a;--t3:#e0a83f;--tn:#93a0b2;--bad:#ff7b72}}\
.p{fill:var(--paper)}.n{fill:var(--box);stroke:var(--line)}.n.dead{fill:none;stroke:var(--bad);stroke-dasharray:6 4}\
.h{font-weight:600;font-size:14px}text{fill:var(--ink)}.d{fill:var(--dim)}.bad{fill:var(--bad)}\
.c rect{fill:none;stroke:var(--tn)}.c text{fill:var(--tn)}\
.t0 rect{stroke:var(--t0)}.t0 text{fill:var(--t0)}.t1 rect{stroke:var(--t1)}.t1 text{fill:var(--t1)}\
.t2 rect{stroke:var(--t2)}.t2 text{fill:var(--t2)}.t3 rect{stroke:var(--t3)}.t3 text{fill:var(--t3)}\
.wait rect,.gone rect{stroke-dasharray:3 3}.gone text{text-decoration:line-through;opacity:.75}.gone rect{opacity:.5}";

/// Pods of one service in one place.
struct Group {
    label: String,
    chips: Vec<Chip>,
}

struct Chip {
    class: String,
    text: String,
}

/// A scene as a picture of its own.
#[must_use]
pub fn svg(report: &Report<'_>, scene: &Scene) -> String {
    picture(report, scene, true)
}

/// A scene as a picture within a page that brings the style with it.
#[must_use]
pub(super) fn inline(report: &Report<'_>, scene: &Scene) -> String {
    picture(report, scene, false)
}

/// The style of the pictures.
#[must_use]
pub(super) fn style() -> &'static str {
    STYLE
}

fn picture(report: &Report<'_>, scene: &Scene, alone: bool) -> String {
    let count = report.model.nodes.len();
    let across = count.clamp(1, ABREAST);
    let width = across * (BOX + GAP) + GAP;
    let mut body = String::new();
    let mut y = GAP;
    let heading = title(report, scene);
    let _ = write!(body, "<text class=\"h\" x=\"{GAP}\" y=\"{}\">{}</text>", y + 12, escape(&heading));
    y += 28;
    let nodes: Vec<(usize, Vec<Group>)> = (0..count)
        .map(|i| (i, groups(report, scene, Some(NodeId(u16::try_from(i).unwrap_or(u16::MAX))))))
        .collect();
    for row in nodes.chunks(across) {
        let tall = row.iter().map(|(_, g)| height(g, BOX)).max().unwrap_or(0) + HEAD + 10;
        for (column, (i, groups)) in row.iter().enumerate() {
            node(&mut body, report, scene, *i, groups, (GAP + column * (BOX + GAP), y, tall));
        }
        y += tall + GAP;
    }
    let waiting = groups(report, scene, None);
    let inner = width - 2 * GAP;
    if !waiting.is_empty() {
        let _ = write!(body, "<text class=\"h\" x=\"{GAP}\" y=\"{}\">Waiting for a node</text>", y + 12);
        y += 20;
        flow(&mut body, &waiting, GAP, y, inner);
        y += height(&waiting, inner) + GAP;
    }
    y = legend(&mut body, report, scene, y, inner);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {y}\" role=\"img\" aria-label=\"{}\"",
        escape(&heading)
    );
    if alone {
        let _ = write!(out, " width=\"{width}\" height=\"{y}\"><style>{STYLE}</style>");
    } else {
        out.push('>');
    }
    let _ = write!(out, "<rect class=\"p\" width=\"{width}\" height=\"{y}\" rx=\"6\"/>{body}</svg>");
    if alone {
        out.push('\n');
    }
    out
}

/// A scene's heading.
#[must_use]
pub fn title(report: &Report<'_>, scene: &Scene) -> String {
    let names = |set: &Vec<NodeId>| report.model.names(set).replace(", ", " + ");
    if scene.order.is_empty() {
        return format!("{}: all nodes up", report.cluster);
    }
    let lost: Vec<String> = scene.order.iter().map(names).collect();
    let moment = match scene.phase {
        _ if !scene.api => ", frozen: no control plane",
        Phase::Eviction if report.model.last_phase() == Phase::Eviction => ", after evictions; nobody fences",
        Phase::Eviction => ", before fencing",
        Phase::Fencing => ", fenced",
        Phase::Return => ", and back again",
    };
    format!("{}: {} lost{moment}", report.cluster, lost.join(", then "))
}

fn node(
    body: &mut String,
    report: &Report<'_>,
    scene: &Scene,
    i: usize,
    groups: &[Group],
    (x, y, tall): (usize, usize, usize),
) {
    let node = &report.model.nodes[i];
    let alive = scene.alive[i];
    let dead = if alive { "" } else { " dead" };
    let _ = write!(
        body,
        "<rect class=\"n{dead}\" x=\"{x}\" y=\"{y}\" width=\"{BOX}\" height=\"{tall}\" rx=\"8\"/>"
    );
    let _ = write!(
        body,
        "<text class=\"h\" x=\"{}\" y=\"{}\">{}</text>",
        x + 10,
        y + 20,
        escape(&cut(&node.name, 34))
    );
    let role = role(node.server, node.lifeboat);
    if alive {
        let _ = write!(body, "<text class=\"d\" x=\"{}\" y=\"{}\">{role}</text>", x + 10, y + 36);
    } else {
        let _ = write!(body, "<text class=\"bad\" x=\"{}\" y=\"{}\">lost · {role}</text>", x + 10, y + 36);
    }
    flow(body, groups, x + 10, y + HEAD, BOX - 20);
}

/// What a node is for.
#[must_use]
pub fn role(server: bool, lifeboat: bool) -> &'static str {
    match (server, lifeboat) {
        (true, true) => "server, lifeboat",
        (true, false) => "server",
        (false, true) => "agent, lifeboat",
        (false, false) => "agent",
    }
}

fn legend(body: &mut String, report: &Report<'_>, scene: &Scene, y: usize, inner: usize) -> usize {
    let mut chips: Vec<Chip> = report
        .tiers
        .iter()
        .enumerate()
        .map(|(i, (name, _))| Chip { class: tier(Some(i)), text: name.clone() })
        .collect();
    chips.push(Chip { class: tier(None), text: "K3s's own".to_owned() });
    let mut groups = vec![Group { label: "tiers".to_owned(), chips }];
    let sign = |class: &str, text: &str, seen: &dyn Fn(PodStatus) -> bool| {
        let seen = scene.pods.iter().any(|stand| seen(stand.status));
        seen.then(|| Chip { class: format!("tn {class}"), text: text.to_owned() })
    };
    let signs: Vec<Chip> = [
        sign("wait", "waits for a node", &|s| matches!(s, PodStatus::Pending)),
        sign("gone", "on a lost node, or ending", &|s| {
            matches!(s, PodStatus::Stuck(_) | PodStatus::Lost(_) | PodStatus::Ending(_))
        }),
    ]
    .into_iter()
    .flatten()
    .collect();
    if !signs.is_empty() {
        groups.push(Group { label: "signs".to_owned(), chips: signs });
    }
    flow(body, &groups, GAP, y, inner);
    y + height(&groups, inner) + GAP / 2
}

/// The class of a tier by its place; tiers beyond the palette share its last colour.
fn tier(place: Option<usize>) -> String {
    match place {
        Some(i) => format!("t{}", i.min(3)),
        None => "tn".to_owned(),
    }
}

/// Pods in a place, by service.
fn groups(report: &Report<'_>, scene: &Scene, place: Option<NodeId>) -> Vec<Group> {
    let mut chips: BTreeMap<(usize, usize, String), (String, Vec<Chip>)> = BTreeMap::new();
    for stand in scene.pods.iter().filter(|s| node_of(s.status) == place) {
        let row = report.model.row(stand.who);
        let index = usize::from(stand.who.0);
        let at = report.tier_of(index);
        let label = row.service.clone().unwrap_or_default();
        let name = row.component.clone().unwrap_or_else(|| short(&row.name).to_owned());
        let mut text = name;
        if stand.count > 1 {
            text = format!("{text} ×{}", stand.count);
        }
        let class = match stand.status {
            PodStatus::Up(_) => "",
            PodStatus::Starting(_) => " start",
            PodStatus::Pending => " wait",
            PodStatus::Ending(_) | PodStatus::Stuck(_) => " gone",
            PodStatus::Lost(_) => " gone",
        };
        if matches!(stand.status, PodStatus::Stuck(_)) {
            text.push_str(if up(scene, stand.who) >= up(report.atlas.green(), stand.who) {
                " · replaced"
            } else {
                " · stuck"
            });
        }
        let order = (usize::from(row.service.is_none()), usize::from(at.is_none()), label.clone());
        let group = chips.entry(order).or_insert_with(|| (label, Vec::new()));
        group.1.push(Chip { class: format!("{}{class}", tier(at)), text });
    }
    chips
        .into_iter()
        .map(|((loose, unranked, _), (label, chips))| {
            let label = match (loose, unranked) {
                (1, 0) => "workloads".to_owned(),
                (1, _) => "packaged".to_owned(),
                _ => label,
            };
            Group { label, chips }
        })
        .collect()
}

/// Pods of a workload that run.
fn up(scene: &Scene, who: crate::lifecycle::WorkloadId) -> usize {
    let mine = scene.pods.iter().filter(|s| s.who == who && matches!(s.status, PodStatus::Up(_)));
    mine.map(|s| s.count).sum()
}

/// A name without its namespace.
pub(super) fn short(name: &str) -> &str {
    name.rsplit_once('/').map_or(name, |(_, name)| name)
}

/// The width of a text at 12 px in a common sans-serif; the picture says it to the viewer, too, so that
/// another font fits.
fn length(text: &str) -> usize {
    let tenths = |c: char| match c {
        'i' | 'j' | 'l' | '.' | ',' | ':' | '\'' | '|' | '!' => 34,
        'f' | 't' | 'r' | '-' | '(' | ')' | '/' | ' ' | '·' => 46,
        'm' | 'w' | 'M' | 'W' | '@' | '%' => 108,
        'A'..='Z' => 84,
        _ => 72,
    };
    text.chars().map(tenths).sum::<usize>() / 10
}

fn wide(text: &str) -> usize {
    length(text) + 16
}

/// Places chips line by line and calls back with each chip's place.
fn layout(
    groups: &[Group],
    inner: usize,
    mut each: impl FnMut(&Group, Option<&Chip>, usize, usize),
) -> usize {
    let mut y = 0;
    for group in groups {
        let mut x = 0;
        if !group.label.is_empty() {
            each(group, None, 0, y);
            y += 16;
        }
        for chip in &group.chips {
            let w = wide(&cut(&chip.text, (inner - 16) / 8));
            if x > 0 && x + w > inner {
                x = 0;
                y += LINE;
            }
            each(group, Some(chip), x, y);
            x += w + 6;
        }
        y += LINE + 4;
    }
    y
}

fn height(groups: &[Group], inner: usize) -> usize {
    layout(groups, if inner == BOX { BOX - 20 } else { inner }, |_, _, _, _| {})
}

fn flow(body: &mut String, groups: &[Group], left: usize, top: usize, inner: usize) {
    layout(groups, inner, |group, chip, x, y| {
        let (x, y) = (left + x, top + y);
        let _ = match chip {
            None => {
                write!(body, "<text class=\"d\" x=\"{x}\" y=\"{}\">{}</text>", y + 11, escape(&group.label))
            }
            Some(chip) => {
                let text = cut(&chip.text, (inner - 16) / 8);
                write!(
                    body,
                    "<g class=\"c {}\"><rect x=\"{x}\" y=\"{y}\" width=\"{}\" height=\"20\" rx=\"10\"/>\
                     <text x=\"{}\" y=\"{}\" textLength=\"{}\">{}</text></g>",
                    chip.class,
                    wide(&text),
                    x + 8,
                    y + 14,
                    length(&text),
                    escape(&text)
                )
            }
        };
    });
}

fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let kept: String = text.chars().take(most.saturating_sub(1)).collect();
    kept + "…"
}

/// Text within XML.
#[must_use]
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

//! Everything that the page's script looks up. Scenes share what is equal in them: the pods of a place, a line of the
//! story, a text of the table are written once, and named by their number.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Report;
use super::atlas::{PHASES, Scene, node_of};
use super::story::{Line, Verb};
use super::svg;
use super::table::Table;
use crate::lifecycle::{NodeId, PodStatus};

/// The data of a page.
///
/// ```text
/// nodes   [{name, role}]                     pods   [[service, name, tier, daemon, full name]]
/// places  [[[pod, status, count]]]           lines  [[from, to, verb, [pod], node, for]]
/// rows    [name of a row of the table]       told   [[text of each row]], by the number of the text
/// columns [the loss shown for a row]         scenes {order/moment: [api, [place: waiting, node 0, …], [line], told]}
/// ```
pub(super) fn data(report: &Report<'_>, table: &Table) -> Value {
    let model = report.model;
    let nodes: Vec<Value> = model
        .nodes
        .iter()
        .map(|n| json!({"name": n.name, "role": svg::role(n.server, n.lifeboat)}))
        .collect();
    let pods: Vec<Value> = model
        .rows
        .iter()
        .enumerate()
        .map(|(i, row)| {
            json!([
                row.service.clone().unwrap_or_default(),
                row.component.as_deref().unwrap_or(svg::short(&row.name)),
                report.tier_of(i).map_or(-1, |t| i64::try_from(t).unwrap_or(-1)),
                i32::from(row.daemon),
                row.name
            ])
        })
        .collect();
    let mut shared = Shared::default();
    let scenes: BTreeMap<String, Value> =
        report.atlas.scenes.iter().map(|s| (key(s), scene(s, model.nodes.len(), &mut shared))).collect();
    let columns: Vec<String> = table.columns.iter().map(|l| set(&l.set)).collect();
    json!({
        "cluster": report.cluster,
        "tiers": report.tiers.iter().map(|(name, _)| name).collect::<Vec<_>>(),
        "nodes": nodes,
        "pods": pods,
        "rows": table.rows.iter().map(|r| &r.name).collect::<Vec<_>>(),
        "columns": columns,
        "verbs": Verb::ALL.map(Verb::words),
        "complete": report.atlas.complete,
        "deep": report.atlas.deep,
        "texts": shared.texts.list,
        "places": shared.places.list,
        "lines": shared.lines.list,
        "told": shared.told.list,
        "scenes": scenes,
    })
}

/// What scenes share.
#[derive(Default)]
struct Shared {
    texts: Pool,
    places: Pool,
    lines: Pool,
    told: Pool,
}

/// Values by number, each once.
#[derive(Default)]
struct Pool {
    list: Vec<Value>,
    index: BTreeMap<String, usize>,
}

impl Pool {
    fn id(&mut self, value: Value) -> usize {
        let key = value.to_string();
        if let Some(&id) = self.index.get(&key) {
            return id;
        }
        self.list.push(value);
        self.index.insert(key, self.list.len() - 1);
        self.list.len() - 1
    }
}

/// `1>0+2/f`: nodes by number, `+` at once, `>` one after the other, and the phase's letter.
fn key(scene: &Scene) -> String {
    let order: Vec<String> = scene.order.iter().map(|s| set(s)).collect();
    let letter = PHASES.iter().position(|p| *p == scene.phase).map_or("e", |i| ["e", "f", "r"][i]);
    format!("{}/{letter}", order.join(">"))
}

fn set(nodes: &[NodeId]) -> String {
    nodes.iter().map(|n| n.0.to_string()).collect::<Vec<_>>().join("+")
}

fn scene(scene: &Scene, nodes: usize, shared: &mut Shared) -> Value {
    // Who waits comes first, then the nodes in their order.
    let mut places: Vec<Vec<Value>> = vec![Vec::new(); nodes + 1];
    for stand in &scene.pods {
        let status = match stand.status {
            PodStatus::Up(_) => 0,
            PodStatus::Starting(_) => 1,
            PodStatus::Pending => 2,
            PodStatus::Ending(_) => 3,
            PodStatus::Stuck(_) => 4,
            PodStatus::Lost(_) => 5,
        };
        let at = node_of(stand.status).map_or(0, |n| usize::from(n.0) + 1);
        if let Some(place) = places.get_mut(at) {
            place.push(json!([stand.who.0, status, stand.count]));
        }
    }
    let places: Vec<usize> = places.into_iter().map(|pods| shared.places.id(pods.into())).collect();
    let lines: Vec<usize> = scene.story.iter().map(|told| shared.lines.id(line(told))).collect();
    let told: Vec<usize> = scene.told.iter().map(|text| shared.texts.id(text.as_str().into())).collect();
    json!([i32::from(scene.api), places, lines, shared.told.id(told.into())])
}

fn line(line: &Line) -> Value {
    let verb = Verb::ALL.iter().position(|v| *v == line.verb).unwrap_or(0);
    let who: Vec<u16> = line.who.iter().map(|w| w.0).collect();
    json!([
        line.when.earliest / 1000,
        line.when.latest.map_or(-1, |l| i64::try_from(l.div_ceil(1000)).unwrap_or(-1)),
        verb,
        who,
        line.node.map_or(-1, |n| i32::from(n.0)),
        line.by.map_or(-1, |w| i32::from(w.0))
    ])
}

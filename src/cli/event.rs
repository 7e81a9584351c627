//! Planned work on the command line: `--drain`, `--reboot`, `--upgrade`, `--cold-start`, `--roll`.

use lifeboat::lifecycle::NodeId;
use lifeboat::policy::{Duration, EventKind};
use lifeboat::prove::Model;
use lifeboat::prove::claim::Event;

/// Planned work, after what is lost.
#[derive(Clone, Debug, Default, clap::Args)]
#[group(multiple = false)]
pub(crate) struct Work {
    /// Drain these nodes, one after the other.
    #[arg(long, value_name = "NODES")]
    drain: Option<String>,
    /// Reboot these nodes, one after the other.
    #[arg(long, value_name = "NODES")]
    reboot: Option<String>,
    /// Drain, reboot and uncordon these nodes, one after the other; all of them without names.
    #[arg(long, value_name = "NODES", num_args = 0..=1, default_missing_value = "")]
    upgrade: Option<String>,
    /// All nodes lose power and come back in this order, or in that of the policy.
    #[arg(long, value_name = "NODES", num_args = 0..=1, default_missing_value = "")]
    cold_start: Option<String>,
    /// A rolling update of these services, components, tiers or workloads.
    #[arg(long, value_name = "PODS")]
    roll: Option<String>,
}

impl Work {
    /// Whether any is asked for.
    pub(crate) fn is_asked(&self) -> bool {
        [&self.drain, &self.reboot, &self.upgrade, &self.cold_start, &self.roll]
            .into_iter()
            .any(Option::is_some)
    }

    /// The work, if any is asked for. `lasts` is how long a node is away, or the gap of a cold start.
    pub(crate) fn event(&self, model: &Model, lasts: &str) -> Result<Option<Event>, String> {
        let (kind, text) = match self {
            Self { drain: Some(text), .. } => (EventKind::Drain, text),
            Self { reboot: Some(text), .. } => (EventKind::Reboot, text),
            Self { upgrade: Some(text), .. } => (EventKind::Upgrade, text),
            Self { cold_start: Some(text), .. } => (EventKind::ColdStart, text),
            Self { roll: Some(text), .. } => (EventKind::RollingUpdate, text),
            _ => return Ok(None),
        };
        let seconds = Duration::parse(lasts)
            .ok_or_else(|| format!("`{lasts}` is no duration; write `90s` or `5m`"))?
            .seconds;
        let mut event = Event {
            kind,
            nodes: Vec::new(),
            names: Vec::new(),
            pods: Vec::new(),
            of: text.clone(),
            lasts: seconds.saturating_mul(1000),
        };
        if kind == EventKind::RollingUpdate {
            event.pods = pods(model, text)?;
            return Ok(Some(event));
        }
        event.nodes = nodes(model, text)?;
        if event.nodes.is_empty() {
            if matches!(kind, EventKind::Drain | EventKind::Reboot) {
                return Err("name at least one node".to_owned());
            }
            event.nodes = model.node_ids().collect();
        }
        event.names = event.nodes.iter().map(|n| model.nodes[usize::from(n.0)].name.clone()).collect();
        Ok(Some(event))
    }
}

/// Names separated by commas, spaces or `then`, each node once.
fn nodes(model: &Model, text: &str) -> Result<Vec<NodeId>, String> {
    let mut nodes = Vec::new();
    for step in steps(model, text) {
        for name in step {
            let id = node(model, name)?;
            if !nodes.contains(&id) {
                nodes.push(id);
            }
        }
    }
    Ok(nodes)
}

/// Names separated by commas or spaces, in the steps between the words `then`: a node may be called that, too.
pub(super) fn steps<'a>(model: &Model, text: &'a str) -> Vec<Vec<&'a str>> {
    let words: Vec<&str> = text.split([',', ' ']).filter(|n| !n.is_empty()).collect();
    let then = |word: &&str| *word == "then" && model.nodes.iter().all(|n| n.name != "then");
    words.split(then).map(<[&str]>::to_vec).collect()
}

/// The node of this name, or a text that says which there are.
pub(super) fn node(model: &Model, name: &str) -> Result<NodeId, String> {
    let at = model.nodes.iter().position(|n| n.name == name).ok_or_else(|| {
        let all: Vec<&str> = model.nodes.iter().map(|n| n.name.as_str()).collect();
        format!("there is no node `{name}`; the nodes are {}", all.join(", "))
    })?;
    Ok(NodeId(u16::try_from(at).unwrap_or(u16::MAX)))
}

/// The workloads of services, components, tiers or of these names.
fn pods(model: &Model, text: &str) -> Result<Vec<lifeboat::lifecycle::WorkloadId>, String> {
    let mut ids = Vec::new();
    for name in text.split([',', ' ']).filter(|n| !n.is_empty()) {
        let meant = |row: &&lifeboat::prove::Row| {
            row.name == name || row.service.as_deref() == Some(name) || row.tier.as_deref() == Some(name)
        };
        let before = ids.len();
        ids.extend(model.rows.iter().filter(meant).map(|r| r.id));
        if ids.len() == before {
            return Err(format!("there is no service, component, tier or workload `{name}`"));
        }
    }
    ids.sort_unstable();
    ids.dedup();
    if ids.is_empty() {
        Err("name at least one service, component, tier or workload".to_owned())
    } else {
        Ok(ids)
    }
}

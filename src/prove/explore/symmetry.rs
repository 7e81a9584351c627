//! Interchangeable nodes: renamings of nodes under which nothing that the model reads changes.

use crate::lifecycle::NodeId;
use crate::prove::model::Model;

/// More renamings than this are not tried; each state would be encoded as often.
const MOST: usize = 24;

/// The renamings of a model's nodes, the identity first.
#[derive(Clone, Debug)]
pub struct Symmetry {
    renamings: Vec<Vec<u16>>,
}

impl Symmetry {
    /// All renamings that keep every fact.
    #[must_use]
    pub fn of(model: &Model) -> Self {
        let nodes = model.nodes.len();
        let mut renamings: Vec<Vec<u16>> = vec![Vec::new()];
        for at in 0..nodes {
            let mut longer = Vec::new();
            for prefix in &renamings {
                for to in 0..nodes {
                    let fresh = u16::try_from(to).is_ok_and(|t| !prefix.contains(&t));
                    if fresh && (at == to || interchangeable(model, at, to)) {
                        let name = u16::try_from(to).unwrap_or(u16::MAX);
                        longer.push(prefix.iter().copied().chain([name]).collect());
                    }
                }
            }
            if longer.len() > MOST {
                return Self { renamings: vec![identity(nodes)] };
            }
            renamings = longer;
        }
        renamings.sort_by_key(|r| *r != identity(nodes));
        Self { renamings }
    }

    /// Those that leave these nodes alone.
    #[must_use]
    pub fn fixing(&self, nodes: &[NodeId]) -> Self {
        let keeps = |r: &&Vec<u16>| nodes.iter().all(|n| r.get(usize::from(n.0)) == Some(&n.0));
        Self { renamings: self.renamings.iter().filter(keeps).cloned().collect() }
    }

    /// The renamings.
    #[must_use]
    pub fn all(&self) -> &[Vec<u16>] {
        &self.renamings
    }

    /// The histories into which renamings turn a history of losses, each once.
    #[must_use]
    pub fn images(&self, losses: &[Vec<NodeId>]) -> Vec<Vec<Vec<NodeId>>> {
        let image = |renaming: &Vec<u16>| -> Vec<Vec<NodeId>> {
            let rename = |n: &NodeId| NodeId(renaming.get(usize::from(n.0)).copied().unwrap_or(n.0));
            let rename_set = |set: &Vec<NodeId>| {
                let mut set: Vec<NodeId> = set.iter().map(rename).collect();
                set.sort_unstable();
                set
            };
            losses.iter().map(rename_set).collect()
        };
        let mut images: Vec<_> = self.renamings.iter().map(image).collect();
        images.sort();
        images.dedup();
        images
    }
}

fn identity(nodes: usize) -> Vec<u16> {
    (0..nodes).map(|n| u16::try_from(n).unwrap_or(u16::MAX)).collect()
}

/// Whether two nodes differ in nothing that any pod or controller asks about. A volume may lie on a node
/// by name, so with claims nodes are taken to differ.
fn interchangeable(model: &Model, a: usize, b: usize) -> bool {
    let (x, y) = (&model.nodes[a], &model.nodes[b]);
    let (f, g) = (&model.facts.nodes[a], &model.facts.nodes[b]);
    let node = x.kind == y.kind
        && x.lifeboat == y.lifeboat
        && x.server == y.server
        && f.zone == g.zone
        && f.excluded == g.excluded;
    let classes = model.world.classes.iter().all(|c| {
        c.beyond != Some("a volume claim")
            && c.allowed[a] == c.allowed[b]
            && c.prefer_not[a] == c.prefer_not[b]
            && c.node_affinity[a] == c.node_affinity[b]
    });
    node && classes && model.facts.workloads.iter().all(|w| w.eligible.get(a) == w.eligible.get(b))
}

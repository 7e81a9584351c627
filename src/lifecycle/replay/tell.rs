//! Pods, nodes and happenings in the words of a misfit.

use super::driver::Driver;
use crate::lifecycle::facts::{NodeId, PodId};
use crate::lifecycle::placer::Placer;
use crate::lifecycle::sim::Happening;
use crate::lifecycle::window::Millis;

impl<P: Placer> Driver<'_, P> {
    pub(super) fn names(&self, nodes: &[NodeId]) -> String {
        let names: Vec<&str> =
            nodes.iter().map(|n| self.sim.facts.nodes[usize::from(n.0)].name.as_str()).collect();
        names.join("|")
    }

    pub(super) fn describe(&self, pod: PodId) -> String {
        let state = self.sim.pod(pod);
        let name = &self.sim.facts.workloads[usize::from(state.workload.0)].name;
        let at = state.node.map_or_else(|| "unbound".to_owned(), |n| self.names(&[n]));
        format!("{}#{} ({at})", name.rsplit('/').next().unwrap_or(name), pod.0)
    }

    pub(super) fn describe_all(&self, pods: &[PodId]) -> String {
        let all: Vec<String> = pods.iter().map(|&p| self.describe(p)).collect();
        all.join("+")
    }

    pub(super) fn tell(&self, what: Happening) -> String {
        match what {
            Happening::Unknown(n) => format!("Ready=Unknown of {}", self.names(&[n])),
            Happening::NoExecute(n) => format!("the NoExecute taint of {}", self.names(&[n])),
            Happening::Ready(n) => format!("Ready=True of {}", self.names(&[n])),
            Happening::Cleared(n) => format!("the end of the NoExecute taint of {}", self.names(&[n])),
            Happening::Evict(p) | Happening::Retire(p) | Happening::Drained(p) => {
                format!("deletion of {}", self.describe(p))
            }
            Happening::Collect(p) | Happening::Gone(p) => format!("the end of {}", self.describe(p)),
            Happening::Schedule(p) | Happening::Flush(p) => format!("scheduling of {}", self.describe(p)),
            Happening::Started(p) => format!("readiness of {}", self.describe(p)),
            Happening::Create(w, _) => {
                format!("a new pod of {}", self.sim.facts.workloads[usize::from(w.0)].name)
            }
            Happening::Pass => "a monitor pass".to_owned(),
        }
    }
}

pub(super) fn seconds(at: Option<Millis>) -> String {
    at.map_or_else(|| "never".to_owned(), |t| format!("{}.{}", t / 1000, t % 1000 / 100))
}

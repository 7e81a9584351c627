//! What Kubernetes does when nodes die, are fenced, drained, or come back.
//!
//! # For users of the engine
//!
//! 1. [`Facts`] is what the engine needs to know of a cluster (nodes, controllers, tolerations,
//!    volumes, clocks), with nodes, workloads and pods as small numbers.
//! 2. A [`Story`] is a list of [`Step`]s: acts from outside (`Lose`, `Fence`, `Return`, `Drain`,
//!    `Restart` …) and how long to wait after them.
//! 3. [`Sim::new`] takes the facts and a [`Placer`] (the scheduler). [`Sim::run`] plays a story with a
//!    [`Choose`] that answers every question that Kubernetes leaves open: which entry of the agenda is
//!    next ([`Point::Next`]; the order of arrivals at the scheduler is among them), which of equally good
//!    nodes ([`Point::Node`]), which victims ([`Point::Victims`]), whether a wake-up is missed
//!    ([`Point::Missed`]), whether a step that lasts for so long is over before that ([`Point::Over`]).
//!    [`First`] gives the canonical run.
//! 4. To explore, clone the [`Sim`] at a question: [`Sim::act`], [`Sim::enabled`] and [`Sim::fire`] are
//!    the small steps that [`Sim::run`] is made of. [`Sim::status`] says where pods are, [`Sim::data`]
//!    what became of their data, [`Sim::ready_again`] how long it took, as a named sum.
//!
//! Every happening carries the interval in which it takes place ([`Window`]), computed from the acts of
//! the story; two happenings whose intervals overlap may come in either order.
//!
//! What is not modelled: node-pressure eviction, kubelet admission, CSI details beyond the six-minute
//! forced detach, quota's release of Terminating pods past twice their grace period, CronJobs' clocks,
//! horizontal autoscaling, network partitions with a live kubelet on the far side.
pub mod board;
pub mod clocks;
mod compile;
mod compiled;
pub mod control_plane;
pub mod disruption;
pub mod facts;
mod hints;
pub mod placer;
pub mod replay;
pub mod sim;
mod storage;
pub mod story;
pub mod window;

pub use board::Board;
pub use clocks::Clocks;
pub use compiled::Compiled;
pub use control_plane::Datastore;
pub use disruption::{Disruption, Member, Rate, ZoneState};
pub use facts::{
    BudgetFacts, Data, Facts, Kind, NodeFacts, NodeId, Patience, PodId, QuotaFacts, Storage, WorkloadFacts,
    WorkloadId,
};
pub use placer::{Candidate, Keyed, Mark, News, Placer, Rejectors, Verdict};
pub use sim::{
    Away, Choose, Event, First, Happening, Log, Naming, Outage, Part, Pending, PodStatus, Point, Queue, Sim,
    What, WorkloadStatus,
};
pub use story::{Act, Fence, Step, Story, Until};
pub use window::{Millis, Window};

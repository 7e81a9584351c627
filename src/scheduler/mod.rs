//! kube-scheduler's default profile as pure functions over typed state.
//!
//! ```text
//! Cluster ─ World::compile ─▶ World (pod classes × nodes, static)      State (who runs where, integers)
//!                               └──────────── Scheduler::decide ───────────────┘
//!                                                  │
//!                                   Decision: best nodes, or candidates for preemption
//! ```
//!
//! There is one code path. Filters work on sets of nodes and answer per plugin which of them they
//! reject; an [`Observer`] that wants a trace is told of every step, the unit observer `()` costs
//! nothing. Reasons are small `Copy` values; texts are Kubernetes' own and exist only when asked for.
//!
//! Verified against decisions recorded from the real scheduler (`tests/data/scheduler-cases`, Kubernetes
//! 1.34 and 1.36): every rejection, score, tie set, victim and message is equal.
//!
//! Not modelled: DynamicResources claims, CSI volume limits and storage capacity, in-tree cloud disks,
//! scheduler extenders, and the sampling of nodes beyond 100 (a larger cluster is refused).

pub mod corpus;
mod decide;
mod message;
mod node_set;
mod observer;
mod plugins;
mod reason;
mod requests;
mod state;
mod topology;
mod world;

pub use decide::{Candidate, Decision, Incoming, Scheduler};
pub use message::fit_error;
pub use node_set::{MAX_NODES, NodeId, NodeSet};
pub use observer::{NoHelp, Observer};
pub use reason::{Code, Plugin, PreFilterReason, Reason, Rejected};
pub use requests::Requests;
pub use state::{ClaimBinding, Nomination, Placed, PodId, State};
pub use world::{Class, ClassId, CompileError, World, WorldNode};

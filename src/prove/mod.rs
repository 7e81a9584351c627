//! The proof: what becomes of every workload after every loss of nodes, and whether the policy's claims hold.
//!
//! ```text
//! Policy, Cluster ─▶ Model ─┬─ table::columns   every loss set, played in canonical order
//!                           └─ prove            bounds ─▶ proved, or failing in every run
//!                                               else all states, if they are few ─▶ proved or refuted
//!                                               else runs with random answers ─▶ refuted, with a trace
//!                                               else `sampled n`, never called proved
//! ```
//!
//! [`bounds`] reason about all orders and ties at once; [`play`] makes single runs with the engine of
//! [`crate::lifecycle`] and the scheduler of [`crate::scheduler`]. A budget counts decisions, never time, so
//! the same input gives the same verdict everywhere.

pub mod bounds;
mod brief;
pub mod claim;
pub mod comeback;
pub mod explore;
pub mod findings;
pub mod judge;
pub mod minimise;
pub mod model;
pub mod orders;
pub mod placer;
pub mod planned;
pub mod play;
pub mod promises;
pub mod refute;
pub mod render;
mod script;
pub mod table;
pub mod trace;
pub mod verdict;
pub mod world;

pub use claim::{Claim, Says};
pub use comeback::{Comeback, NextLoss};
pub use model::{Model, NodeRow, Row};
pub use orders::Order;
pub use planned::Planned;
pub use refute::Witness;
pub use table::{Cell, Column, Mark};
pub use trace::Trace;
pub use verdict::{Argument, How, Proved, Verdict};

use bounds::Histories;
use comeback::Comebacks;
use explore::{Explorer, Found};
use judge::Bounded;
use orders::AtOnce;
use play::Played;

use crate::lifecycle::NodeId;
use crate::policy::Phase;

/// How much is done.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Decisions of the scheduler that may be spent on one claim that bounds do not decide.
    pub budget: u64,
    /// Whether the table is played.
    pub table: bool,
    /// Whether traces are cut down until no event can be dropped.
    pub minimise: bool,
    /// Other orders of creation and ties in which the way back from each loss set is played.
    pub vary: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self { budget: 20_000, table: true, minimise: true, vary: 0 }
    }
}

/// A claim and what is known about it.
#[derive(Clone, Debug)]
pub struct Proven {
    /// The claim.
    pub claim: Claim,
    /// What is known.
    pub verdict: Verdict,
}

/// The proof. Plain data: the same input gives the same value.
#[derive(Clone, Debug)]
pub struct Proof {
    /// Nodes in the order of the cluster.
    pub nodes: Vec<NodeRow>,
    /// Workloads in the order of the cluster.
    pub rows: Vec<Row>,
    /// Loss sets.
    pub columns: Vec<Column>,
    /// The policy's claims, in its order.
    pub claims: Vec<Proven>,
    /// Planned work that claims are about.
    pub planned: Vec<Planned>,
    /// Orders of losing nodes one after the other.
    pub orders: Vec<Order>,
    /// The way back from each loss set.
    pub comebacks: Vec<Comeback>,
    /// What every verdict assumes.
    pub assumptions: Vec<String>,
}

impl Proof {
    /// Whether any claim is refuted.
    #[must_use]
    pub fn refuted(&self) -> bool {
        self.claims.iter().any(|c| c.verdict.is_refuted())
    }
}

/// Proves or refutes a model's claims and fills its table.
#[must_use]
pub fn prove(model: &Model, options: Options) -> Proof {
    prove_and_show(model, options, &mut |_, _, _| {})
}

/// The same for somebody who wants to see the runs of the table too, as they are played.
#[must_use]
pub fn prove_and_show<'m>(model: &'m Model, options: Options, show: &mut table::Visit<'_, 'm>) -> Proof {
    let histories = Histories::of(&model.world, &model.facts);
    let canonical = if options.table { play::canonical(model) } else { None };
    let mut at_once = AtOnce::default();
    let mut comebacks = canonical.as_ref().map(|green| Comebacks::new(model, green));
    let columns = canonical.as_ref().map(|green| {
        let mut visit = |set: &[NodeId], phase: Phase, played: &Played<'m>| {
            at_once.see(model, set, phase, played);
            if let Some(comebacks) = &mut comebacks {
                comebacks.see(set, phase, played);
            }
            show(set, phase, played);
        };
        table::columns(model, green, histories.as_ref(), &mut visit)
    });
    let mut explorer = Explorer::new(model, options.budget);
    let claims: Vec<Proven> = model
        .claims
        .iter()
        .map(|claim| {
            let bounded =
                histories.as_ref().map_or(Bounded::Open, |known| judge::bounded(known, model, claim));
            let verdict = match bounded {
                Bounded::Holds(why) => Verdict::Proved(Proved::Bound(why)),
                Bounded::Fails { choice, why } => {
                    let trace = refute::one_run(model, claim, choice, options);
                    Verdict::Refuted { trace, how: How::Always(why) }
                }
                Bounded::Open => match explorer.decide(claim) {
                    Some(Found::Holds(proved)) => Verdict::Proved(proved),
                    Some(Found::Breaks(witness, how)) => {
                        let trace = refute::explain(model, claim, &witness, options.minimise);
                        Verdict::Refuted { trace, how }
                    }
                    None => refute::search(model, claim, options),
                },
            };
            Proven { claim: claim.clone(), verdict }
        })
        .collect();
    let assumptions = assumptions(model, &claims, options);
    let green = canonical.as_ref();
    Proof {
        nodes: model.nodes.clone(),
        rows: model.rows.clone(),
        planned: green.map(|g| planned::of(model, g, histories.as_ref())).unwrap_or_default(),
        orders: green.map(|g| orders::of(model, g, at_once, histories.as_ref())).unwrap_or_default(),
        comebacks: comebacks.map(|found| found.varied(options.vary)).unwrap_or_default(),
        columns: columns.unwrap_or_default(),
        claims,
        assumptions,
    }
}

/// One story in canonical order, event by event; `None` if it does not settle.
#[must_use]
pub fn tell(model: &Model, losses: &[Vec<NodeId>], phase: Phase, reasons: bool) -> Option<Trace> {
    planned::tell(model, losses, phase, None, reasons)
}

/// How a run ends, a line per workload.
fn ends(model: &Model, run: &play::Run<'_>) -> Vec<String> {
    let lasting = model.rows.iter().filter(|r| !r.daemon);
    lasting.map(|r| format!("{} {}", r.name, judge::state_and_why(model, run, r.id))).collect()
}

/// What the verdicts rest on, and where the table ends.
fn assumptions(model: &Model, claims: &[Proven], options: Options) -> Vec<String> {
    let guessed = match model.guessed {
        0 => "no request is guessed".to_owned(),
        1 => "1 request is guessed".to_owned(),
        n => format!("{n} requests are guessed"),
    };
    let apart = if model.has_quotas() {
        "no rollout or node-pressure eviction at the same time, and no quota but those that are counted"
    } else {
        "no rollout, quota or node-pressure eviction at the same time"
    };
    let mut assumed = vec![guessed, "no pods but those named here".to_owned(), apart.to_owned()];
    if let Some(cap) = claims.iter().filter_map(|c| c.verdict.image_cap()).min() {
        let cap = cap.div_euclid(1 << 20);
        assumed.push(format!(
            "no container's image is larger than {cap}Mi: larger ones pull pods to where they are"
        ));
    }
    let servers = model.nodes.iter().filter(|n| n.server).count();
    if servers > 1 {
        assumed.push(format!(
            "a lost server may have led the controllers: another takes over within {} s and counts anew, which every upper figure after the loss of a server includes",
            model.facts.clocks.takeover().div_ceil(1000)
        ));
    }
    let nodes = model.nodes.len();
    if options.table && nodes > table::ALL_SETS {
        assumed.push(format!(
            "of {nodes} nodes the table holds losses of up to {} and of all, one of each kind; larger sets are not played (all are, up to {} nodes)",
            table::LARGE_SETS,
            table::ALL_SETS
        ));
    }
    assumed
}

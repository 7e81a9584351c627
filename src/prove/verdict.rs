//! What is known about a claim, and how far the knowledge reaches.

use std::fmt;

/// The verdict on a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Holds in every order, tie and interleaving.
    Proved(Proved),
    /// Does not hold: `trace` shows a run.
    Refuted {
        /// A run that breaks the claim, from which no event can be dropped.
        trace: super::trace::Trace,
        /// Whether it happens in every run or in some.
        how: How,
    },
    /// Neither proved nor refuted: so many runs kept it.
    Sampled {
        /// Runs that were tried.
        runs: u32,
    },
}

/// How a claim was proved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proved {
    /// By arguments that count what may stand where.
    Bound(Vec<Argument>),
    /// Every reachable state was visited.
    Explored {
        /// Distinct states.
        states: u64,
    },
}

/// How often a claim fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum How {
    /// In every run: an argument says why.
    Always(Vec<Argument>),
    /// In every run of an exhaustive exploration.
    AlwaysExplored {
        /// Distinct states.
        states: u64,
    },
    /// In some order: so many of the ends of an exhaustive exploration.
    SomeExplored {
        /// Ends that break it.
        failed: u64,
        /// All ends.
        ends: u64,
        /// Distinct states.
        states: u64,
    },
    /// In some order: so many of the runs that were tried.
    Some {
        /// Runs that broke it.
        failed: u32,
        /// Runs that were tried.
        runs: u32,
    },
}

impl Verdict {
    /// Whether it is refuted.
    #[must_use]
    pub fn is_refuted(&self) -> bool {
        matches!(self, Verdict::Refuted { .. })
    }

    /// The largest image per container with which the arguments hold; `None` if images do not matter.
    #[must_use]
    pub fn image_cap(&self) -> Option<i64> {
        let (Verdict::Proved(Proved::Bound(why)) | Verdict::Refuted { how: How::Always(why), .. }) = self
        else {
            return None;
        };
        let cap = |a: &Argument| if let Argument::Pull { image_cap, .. } = a { *image_cap } else { None };
        why.iter().filter_map(cap).min()
    }

    /// Whether it is proved.
    #[must_use]
    pub fn is_proved(&self) -> bool {
        matches!(self, Verdict::Proved(_))
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Verdict::Proved(Proved::Bound(_)) => f.write_str("proved"),
            Verdict::Proved(Proved::Explored { states }) => write!(f, "proved ({states} states explored)"),
            Verdict::Refuted { how: How::Always(_) | How::AlwaysExplored { .. }, .. } => {
                f.write_str("REFUTED in every run")
            }
            Verdict::Refuted { how: How::SomeExplored { failed, ends, .. }, .. } => {
                write!(f, "REFUTED in some order ({failed} of all {ends} ends)")
            }
            Verdict::Refuted { how: How::Some { failed, runs }, .. } if failed == runs => {
                write!(f, "REFUTED in each of {runs} runs tried")
            }
            Verdict::Refuted { how: How::Some { failed, runs }, .. } => {
                write!(f, "REFUTED in some order ({failed} of {runs} runs tried)")
            }
            Verdict::Sampled { runs } => write!(f, "sampled: held in {runs} runs, not proved"),
        }
    }
}

/// One step of a bound, with the figures that make it true.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Argument {
    /// It stands on a living node and nothing evicts it.
    StaysPut,
    /// No control plane: nothing changes.
    Frozen,
    /// All nodes that could run it are dead.
    NoLifeboatLeft,
    /// Static filters admit it to no living node.
    Rejected {
        /// Pod class.
        who: String,
        /// Per living node: the rejecting plugin and its reason.
        why: Vec<(String, String)>,
    },
    /// Its controller waits for the end of the old pod, which a dead node holds.
    HeldByDeadNode {
        /// Pod class.
        who: String,
    },
    /// On this node everything that it cannot evict fits beside it.
    FitsTogether {
        /// Node.
        node: String,
        /// Sum of CPU in thousandths.
        cpu: i64,
        /// Sum of memory in bytes.
        memory: i64,
        /// Allocatable CPU in thousandths.
        of_cpu: i64,
        /// Allocatable memory in bytes.
        of_memory: i64,
        /// Pods of this priority and above are counted.
        from_priority: i32,
    },
    /// All that counts cannot fill these nodes at once.
    CannotFill {
        /// Nodes.
        nodes: Vec<String>,
        /// Sum of CPU in thousandths.
        cpu: i64,
        /// Sum of memory in bytes.
        memory: i64,
    },
    /// Scores pull the right way by at least this much.
    Pull {
        /// Points by which the better node leads at least.
        margin: i64,
        /// Largest image per container for which this holds, if that matters.
        image_cap: Option<i64>,
    },
    /// Boarding takes a preemption, and victims elsewhere are cheaper.
    Lock {
        /// The lock.
        lock: String,
        /// Its priority.
        priority: i32,
        /// The ordinary node that was weighed.
        node: String,
        /// CPU of all pods of the lock's priority and above, in thousandths.
        cpu: i64,
        /// Memory of them in bytes.
        memory: i64,
        /// Allocatable CPU in thousandths.
        of_cpu: i64,
        /// Allocatable memory in bytes.
        of_memory: i64,
    },
    /// Required anti-affinity.
    Required,
    /// No node takes both.
    NoCommonNode,
}

/// CPU and memory as people write them.
#[derive(Clone, Copy, Debug)]
pub struct Room(pub i64, pub i64);

impl fmt::Display for Room {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}m/{}Mi", self.0, self.1.div_euclid(1 << 20))
    }
}

impl fmt::Display for Argument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Argument::StaysPut => f.write_str("it keeps its place"),
            Argument::Frozen => f.write_str("no control plane: nothing is evicted or scheduled"),
            Argument::NoLifeboatLeft => f.write_str("the lifeboat is lost"),
            Argument::Rejected { who, why } => {
                let list: Vec<_> = why.iter().map(|(node, reason)| format!("{node}: {reason}")).collect();
                write!(f, "{who} is rejected by {}", list.join("; "))
            }
            Argument::HeldByDeadNode { who } => {
                write!(f, "{who}: its controller waits for the old pod, which a dead node holds")
            }
            Argument::FitsTogether { node, cpu, memory, of_cpu, of_memory, from_priority } => write!(
                f,
                "on {node} all of priority {from_priority} and above fit together: {} of {}",
                Room(*cpu, *memory),
                Room(*of_cpu, *of_memory)
            ),
            Argument::CannotFill { nodes, cpu, memory } => {
                write!(f, "{} cannot block {} at once", Room(*cpu, *memory), nodes.join(" and "))
            }
            Argument::Pull { margin, image_cap: None } => {
                write!(f, "scores lead by at least {margin}, whatever stands where")
            }
            Argument::Pull { margin, image_cap: Some(cap) } => write!(
                f,
                "scores lead by at least {margin} while no container's image exceeds {}Mi",
                cap.div_euclid(1 << 20)
            ),
            Argument::Lock { lock, priority, node, cpu, memory, of_cpu, of_memory } => write!(
                f,
                "{lock} holds the lifeboat: on {node} all of priority {priority} and above fit together ({} of {}), so victims there are cheaper",
                Room(*cpu, *memory),
                Room(*of_cpu, *of_memory)
            ),
            Argument::Required => f.write_str("required anti-affinity"),
            Argument::NoCommonNode => f.write_str("no node takes both"),
        }
    }
}

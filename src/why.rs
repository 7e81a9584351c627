//! The ledger of reasons: every decision of the plan points into it, and every emitted line, finding
//! and explanation is answered from it. Append-only and hash-consed, so that equal reasons share a
//! four-byte handle.

use indexmap::IndexSet;

use crate::source::Span;

/// Handle of a reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Why(pub u32);

/// Why a decision was made.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reason {
    /// Which rule decided.
    pub rule: Rule,
    /// The line that the rule read: in the policy, a base of it, the catalogue or a values file.
    pub at: Option<Span>,
    /// The path of that line (`tiers.critical.lifeboat`), for comments that survive inserted lines.
    pub path: String,
    /// Reasons that this one rests on.
    pub because: Vec<Why>,
}

macro_rules! rules {
    ($($id:ident = $name:literal, $text:literal;)*) => {
        /// The rules of the compiler. Each has a stable name and one sentence.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Rule { $(#[doc = $text] $id),* }
        impl Rule {
            /// Every rule.
            pub const ALL: &'static [Rule] = &[$(Rule::$id),*];
            /// Stable kebab-case name.
            #[must_use]
            pub fn name(self) -> &'static str { match self { $(Rule::$id => $name),* } }
            /// One sentence.
            #[must_use]
            pub fn text(self) -> &'static str { match self { $(Rule::$id => $text),* } }
        }
    };
}

rules! {
    Stated = "stated", "The policy says so on this line.";
    Default = "default", "Nobody said otherwise: this is lifeboat's default.";
    Catalogue = "catalogue", "The chart's catalogue entry says so.";
    TeamValues = "team-values", "The team's own values file says so, and the policy does not object.";
    TierClass = "tier-class", "Each tier has one priority class, and each pod of the tier names it.";
    BoardLifeboat = "board-lifeboat", "Pods of a lifeboat tier tolerate exactly the lifeboat's NoSchedule taint.";
    LastResort = "last-resort", "A pod that may board the lifeboat prefers every other node.";
    Lock = "lock", "Boarding the lifeboat takes a preemption, so that applications are evicted first.";
    Apart = "apart", "The policy keeps these pods on different nodes.";
    SpreadOwn = "spread-own", "A service's own pods are spread over the nodes, softly.";
    EraseDefault = "erase-default", "The chart's default would survive Helm's merge and contradict the plan.";
    KeepDefault = "keep-default", "Helm replaces lists whole, so the chart's default entries are repeated.";
    Silence = "silence", "The chart adds a preset of its own beside the planned value.";
    Request = "request", "A pod without requests cannot preempt and cannot be proved.";
    Replicas = "replicas", "The number of replicas is part of the proof.";
    Storage = "storage", "Storage decides whether a pod can move to another node.";
    EvictionDelay = "eviction-delay", "How long the pod stays bound to a dead node.";
    Enable = "enable", "The policy switches this component on or off.";
    Pinned = "pinned", "The chart's default flips within the version range; the plan pins it.";
    Reserve = "reserve", "Tier 1 is K3s's own host process: the node's reserve protects it.";
}

/// A decided value and its reason. Two decisions are equal when their values are.
#[derive(Clone, Copy, Debug)]
pub struct Decided<T> {
    /// What was decided.
    pub value: T,
    /// Why.
    pub why: Why,
}

impl<T: PartialEq> PartialEq for Decided<T> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

/// All reasons of one plan.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    reasons: IndexSet<Reason>,
}

impl Ledger {
    /// Records a reason and returns its handle.
    pub fn add(&mut self, reason: Reason) -> Why {
        Why(u32::try_from(self.reasons.insert_full(reason).0).unwrap_or(u32::MAX))
    }

    /// The reason behind a handle.
    ///
    /// # Panics
    /// If the handle belongs to another ledger, which is a bug of the caller.
    #[must_use]
    pub fn get(&self, why: Why) -> &Reason {
        &self.reasons[why.0 as usize]
    }

    /// All reasons in the order in which they were recorded.
    pub fn iter(&self) -> impl Iterator<Item = (Why, &Reason)> {
        self.reasons.iter().enumerate().map(|(i, r)| (Why(u32::try_from(i).unwrap_or(u32::MAX)), r))
    }
}

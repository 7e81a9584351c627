//! Pictures and tables for people who do not carry the scheduler in their heads: one HTML page in which
//! a click takes a node away, the same pictures as SVG, the same tables as Markdown.
//!
//! ```text
//! Model ─ atlas ─▶ Scene per order of losses and phase ─┬─ page ─▶ HTML
//! Proof ─ table ─▶ cells with their explanations ───────┼─ svg
//!                                                       └─ markdown
//! ```
//!
//! Everything that a reader sees was played by the prover's engine beforehand. The page looks scenes up;
//! it decides nothing.

pub mod atlas;
mod look;
pub mod markdown;
pub mod orders;
pub mod page;
pub mod story;
pub mod svg;
pub mod table;

pub use atlas::{Atlas, Scene, Stand};
pub use markdown::markdown;
pub use page::page;
pub use svg::svg;

use crate::lifecycle::NodeId;
use crate::policy::Policy;
use crate::prove::render::merged_rows;
use crate::prove::{Model, Proof};

/// What a report is made of.
#[derive(Debug)]
pub struct Report<'a> {
    /// Name of the cluster.
    pub cluster: String,
    /// Tiers, highest priority first: name and priority.
    pub tiers: Vec<(String, i32)>,
    /// The cluster under proof.
    pub model: &'a Model,
    /// What is proved of it.
    pub proof: &'a Proof,
    /// Every scene that can be looked at.
    pub atlas: Atlas,
}

impl<'a> Report<'a> {
    /// Plays every scene of the page. `None` if the cluster does not settle even without a loss.
    #[must_use]
    pub fn of(policy: &Policy, model: &'a Model, proof: &'a Proof) -> Option<Self> {
        Some(Self::with(policy, model, proof, Atlas::of(model, &merged_rows(proof, false))?))
    }

    /// Plays one order of losses only, for a picture. `None` if the cluster does not settle.
    #[must_use]
    pub fn of_order(
        policy: &Policy,
        model: &'a Model,
        proof: &'a Proof,
        order: &[Vec<NodeId>],
    ) -> Option<Self> {
        Some(Self::with(policy, model, proof, Atlas::of_order(model, &merged_rows(proof, false), order)?))
    }

    fn with(policy: &Policy, model: &'a Model, proof: &'a Proof, atlas: Atlas) -> Self {
        let tiers = policy.tiers.iter().map(|t| (t.name.value.clone(), t.priority.value)).collect();
        Self { cluster: policy.cluster.name.value.clone(), tiers, model, proof, atlas }
    }

    /// The place of a row's tier among the tiers; `None` for what the policy does not rank.
    #[must_use]
    pub fn tier_of(&self, row: usize) -> Option<usize> {
        let tier = self.model.rows.get(row)?.tier.as_deref()?;
        self.tiers.iter().position(|(name, _)| name == tier)
    }
}

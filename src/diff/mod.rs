//! What a change means, before what it is: claims that flip, what must be done by hand, effects that a
//! small edit hides, who is up or down or evicted after each loss, which decisions changed and through
//! which line of the policy; then the outputs, YAML as data.

mod claims;
pub mod data;
mod decisions;
mod files;
mod hand;
mod hidden;
mod losses;
mod places;
pub mod render;

use serde::Serialize;

use crate::compile::Compilation;
use crate::prove::Model;

pub use claims::Flip;
pub use decisions::Decision;
pub use files::{FileChange, files};
pub use losses::{Loss, RowChange, SLACK, Slight};

/// One side of a comparison.
#[derive(Clone, Copy, Debug)]
pub struct Side<'a> {
    /// What its policy compiles to.
    pub compilation: &'a Compilation,
    /// Its cluster under proof; `None` for one that the prover cannot take.
    pub model: Option<&'a Model>,
}

/// What a change means. The parts are in the order of their weight.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Diff {
    /// Claims whose verdict is another one, the worst first.
    pub claims: Vec<Flip>,
    /// Effects that the edit does not show.
    pub hidden: Vec<String>,
    /// What no sync does.
    pub by_hand: Vec<String>,
    /// Loss sets after which something ends otherwise.
    pub losses: Vec<Loss>,
    /// What ends alike but for at most [`SLACK`] seconds; only counted where people read.
    pub slight: Vec<Slight>,
    /// Decisions that are others now.
    pub decisions: Vec<Decision>,
    /// Outputs that changed.
    pub files: Vec<FileChange>,
}

impl Diff {
    /// Whether nothing changed at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether a claim is refuted now that was not before.
    #[must_use]
    pub fn breaks(&self) -> bool {
        self.claims.iter().any(Flip::breaks)
    }
}

/// Compares two policies.
#[must_use]
pub fn diff(from: Side<'_>, to: Side<'_>) -> Diff {
    let (losses, slight) = losses::losses(from, to);
    let decisions = decisions::decisions(&from.compilation.plan, &to.compilation.plan);
    Diff {
        claims: claims::flips(from, to),
        hidden: hidden::hidden(from, to, &losses, &decisions),
        by_hand: hand::by_hand(from, to),
        files: files::of_artifacts(&from.compilation.artifacts, &to.compilation.artifacts),
        losses,
        slight,
        decisions,
    }
}

//! Learns a chart by experiment: renders it with a sentinel at each candidate values path and compares
//! what comes out with a baseline. What it finds has the form of `tests/data/charts-data`, and becomes a
//! catalogue file.
//!
//! ```text
//! Package ─ candidates, switches ─▶ Asks ─ (the caller renders) ─▶ Shots ─ effects, order ─▶ facts ─ judge, compose ─▶ catalogue file
//! ```
//!
//! Nothing here runs Helm: the caller is handed batches of [`Ask`]s and gives back one [`Shot`] each, so
//! that it can run them side by side, keep them in a cache, or play recorded ones.

pub mod bump;
mod candidates;
pub mod dead;
mod effects;
mod judge;
mod order;
pub mod package;
mod run;
mod sentinel;
mod shot;
mod switches;
mod trials;

pub use judge::{Origin, catalogue_file, judgement};
pub use run::{Learned, Request, learn};
pub use shot::Shot;

use serde_json::Value;
use sha2::{Digest, Sha256};

/// Release and namespace of all renders: short, and no part of a chart's name.
pub const RELEASE: (&str, &str) = crate::catalogue::conform::RELEASE;

/// One render that is asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Ask {
    /// Release name.
    pub release: String,
    /// Values, over the chart's defaults.
    pub values: Value,
}

impl Ask {
    /// The digest of all that is asked, hex.
    #[must_use]
    pub fn key(&self) -> String {
        package::hex(&Sha256::digest(format!("{}\n{}", self.release, self.values)))
    }
}

/// What came of it; an error is the chart's or Helm's own text.
pub type Answer = Result<Shot, String>;

/// Renders a batch: one answer for each ask, in order.
pub type Render<'r> = &'r mut dyn FnMut(&[Ask]) -> Vec<Answer>;

//! Advice that is found by proving again: how far things may change before a claim breaks, and what would mend
//! one that is broken.

pub mod budget;
pub mod headroom;
pub mod rebalance;
pub mod remedies;

pub use headroom::{Headroom, headroom, needed};
pub use remedies::{Remedies, Remedy};

//! Advice that is found by proving again: how far things may change before a claim breaks.

pub mod headroom;

pub use headroom::{Headroom, headroom};

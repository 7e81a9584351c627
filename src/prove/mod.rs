//! The proof.
pub mod bounds;
pub mod requests;
pub mod trace;
pub mod verdict;
pub mod world;

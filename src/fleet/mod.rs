//! A fleet: many sites that extend one base. What they share is read once ([`share`]), each site gets a
//! standing ([`site`]), sites of equal standing form a group ([`group`]), and the line of the policy that
//! sets a group apart is found by changing it and judging again ([`cause`]).

pub mod cause;
pub mod group;
pub mod share;
pub mod site;

pub use group::{Group, groups};
pub use share::Share;
pub use site::{Claimed, Site, Standing};

//! What Kubernetes does when nodes die, are fenced, drained, or come back.
pub mod clocks;
pub mod control_plane;
pub mod disruption;
pub mod window;

pub use clocks::Clocks;
pub use control_plane::Datastore;
pub use disruption::{Disruption, Member, Rate, ZoneState};
pub use window::{Millis, Window};

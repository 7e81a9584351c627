//! The tier policy: `policy.toml` and its bases, read ([`shapes`]), checked ([`check`]) and checked for
//! good ([`Policy`]).

mod model;
pub mod shapes;

pub use model::*;
pub use shapes::TomlPolicy;

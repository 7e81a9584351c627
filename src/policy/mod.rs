//! The tier policy: `policy.toml` and its bases, read ([`shapes`]), checked ([`check`]) and checked for
//! good ([`Policy`]).

pub mod check;
mod load;
mod model;
mod schema;
pub mod shapes;

pub use load::load;
pub use model::*;
pub use schema::{schema, schema_value};
pub use shapes::TomlPolicy;

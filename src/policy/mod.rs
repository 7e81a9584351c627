//! The tier policy: `policy.toml` and its bases, read ([`shapes`]), checked ([`check`]) and checked for
//! good ([`Policy`]).

mod allowances;
pub mod check;
mod load;
mod model;
mod schema;
pub mod shapes;

pub use allowances::apply_allowances;
pub use load::{Rejected, load, of_tree, read};
pub use model::*;
pub use schema::{schema, schema_value};
pub use shapes::TomlPolicy;

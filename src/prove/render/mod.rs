//! The proof for people and programs. Text is made here and nowhere else, and never read back.

mod beyond;
mod human;
mod json;
mod markdown;
mod words;

pub use beyond::{comeback_lines, way, way_json};
pub use human::{human, story};
pub use json::{json, story_json};
pub use markdown::markdown;
pub(crate) use words::words;
pub use words::{ShownRow, claim_text, column_title, merged_rows};

/// How much is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Detail {
    /// A row per component instead of one per service.
    pub components: bool,
    /// The scheduler's reasons in traces.
    pub reasons: bool,
}

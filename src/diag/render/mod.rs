//! Findings as text: for people, for editors, for programs. Wording comes from the finding, layout from
//! here.

mod github;
mod human;
mod json;
mod short;

pub(crate) use github::annotation;
pub use github::github;
pub use human::human;
pub use json::json;
pub use short::short;

/// Text without control characters: a name from a hostile policy must not steer a terminal.
fn clean(text: &str) -> String {
    let escape =
        |c: char| if c.is_control() { c.escape_default().collect::<String>() } else { c.to_string() };
    text.chars().map(escape).collect()
}

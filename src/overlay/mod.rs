//! Overlays: the smallest values that make the plan true when they are the last file after the chart's
//! defaults and the team's own values.
//!
//! [`lower`] turns decisions into values paths; [`verify`] applies the result to the catalogue's model
//! of the chart and holds it against the plan. Helm merges maps deep and replaces lists whole, so what
//! must go is written as `null`, and only where the default has it: elsewhere a `null` is rendered.
//! What is there anyway is not written, unless the default flips within the chart's major: see [`Pin`].

mod difference;
mod document;
mod lower;
mod order;
mod pin;
mod wires;

use serde_json::Value;

use crate::catalogue::ValuePath;
use crate::plan::CarrierId;
use crate::why::Why;

pub use document::{Line, Written, write};
pub use lower::{Lowered, lower, lower_service};
pub use pin::Pin;

/// One value of an overlay.
#[derive(Clone, Debug)]
pub struct Leaf {
    /// Where it is written.
    pub path: ValuePath,
    /// What is written; `null` deletes the chart's default.
    pub value: Value,
    /// Why, for the leaf as a whole.
    pub why: Why,
    /// Reasons of parts of the value, by their path within it.
    pub parts: Vec<(Vec<String>, Why)>,
    /// What is there without it.
    pub replaces: Option<Value>,
    /// The carriers that it reaches.
    pub carriers: Vec<CarrierId>,
    /// Why it is written although it equals what it replaces.
    pub pin: Option<Pin>,
}

/// The overlay of one service.
#[derive(Clone, Debug)]
pub struct Overlay {
    /// Index into [`crate::plan::Plan::services`].
    pub service: usize,
    /// Leaves in the order in which they are written.
    pub leaves: Vec<Leaf>,
}

impl Overlay {
    /// The overlay as a values tree.
    #[must_use]
    pub fn values(&self) -> Value {
        let mut values = Value::Object(serde_json::Map::new());
        for leaf in &self.leaves {
            leaf.path.set(&mut values, leaf.value.clone());
        }
        values
    }
}

//! A run told event by event.
/// A run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trace {
    /// Its events in order.
    pub lines: Vec<String>,
}

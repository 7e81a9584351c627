//! Pinned leaves: values that equal what is there anyway, written because the chart's default is another one
//! elsewhere in the same major version, to which the version may be bumped without a word.

use serde_json::{Map, Value};

use crate::catalogue::{Flip, ValuePath};
use crate::plan::ServicePlan;

/// Why a leaf is written although nothing differs.
#[derive(Clone, Debug, PartialEq)]
pub struct Pin {
    /// The default that flips: its path, the versions and the default there.
    pub flip: Flip,
    /// The version for which the overlay is written is older than those.
    pub ahead: bool,
}

impl Pin {
    /// The pin of a value that is there by default, if it needs one.
    pub(super) fn of(service: &ServicePlan, path: &ValuePath, value: &Value) -> Option<Self> {
        // Nothing can be pinned to be absent: a null would be rendered, and an empty map clears nothing.
        if value.is_null() || value.as_object().is_some_and(Map::is_empty) {
            return None;
        }
        let edition = &service.edition;
        let flips = edition.flips.iter().filter(|flip| flip.path.contains(path) || path.contains(&flip.path));
        let moved = |flip: &&Flip| edition.effective_after(flip, path, &service.team).as_ref() != Some(value);
        let flip =
            flips.filter(moved).min_by_key(|flip| (flip.range.from <= edition.version, &flip.range.from))?;
        Some(Self { flip: flip.clone(), ahead: flip.range.from > edition.version })
    }

    /// The reason in words.
    #[must_use]
    pub fn reason(&self) -> String {
        let Flip { path, range, default } = &self.flip;
        let when =
            if self.ahead { format!("from {} on", range.from) } else { format!("before {}", range.until) };
        format!("pinned: {when} the chart's default of {path} is {default}")
    }
}

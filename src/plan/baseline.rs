//! What a carrier is without lifeboat: the chart's default under the team's own values.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::catalogue::{Component, Edition, Opaque, Target};

/// Who says what is there without an overlay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The chart.
    Chart,
    /// The team's values, alone or merged with the chart's default.
    Team,
}

/// One field without an overlay.
#[derive(Clone, Debug)]
pub struct Base {
    /// What Helm renders.
    pub value: Value,
    /// What the team's values say there, if they say anything, without the chart's default.
    pub team: Option<Value>,
}

/// Every field of a carrier that is there without an overlay.
#[derive(Clone, Debug, Default)]
pub struct Baseline {
    fields: BTreeMap<Target, Base>,
    /// Fields of which the catalogue cannot say what the values make of them.
    pub opaque: BTreeMap<Target, Opaque>,
}

impl Baseline {
    /// A carrier that no chart knows: its fields are what somebody wrote.
    pub fn written(fields: impl IntoIterator<Item = (Target, Value)>) -> Self {
        let fields = fields.into_iter().map(|(t, v)| (t, Base { value: v, team: None })).collect();
        Self { fields, opaque: BTreeMap::new() }
    }

    /// The fields of a chart's component under the team's values.
    #[must_use]
    pub fn of(edition: &Edition, component: &Component, team: &Value) -> Self {
        let mut baseline = Self::default();
        for (target, reach) in component.targets() {
            match edition.apply(component, &target, team) {
                Ok(Some(value)) => {
                    let chain = reach.wiring().map_or(&[][..], |wiring| &wiring.chain[..]);
                    let own = chain.iter().find_map(|wire| wire.path.get(team).cloned());
                    baseline.fields.insert(target, Base { value: value.into_owned(), team: own });
                }
                Ok(None) => {}
                Err(opaque) => {
                    baseline.opaque.insert(target, opaque);
                }
            }
        }
        baseline
    }

    /// The value of a field and who says so.
    #[must_use]
    pub fn get(&self, target: &Target) -> Option<(&Value, Origin)> {
        let base = self.fields.get(target)?;
        Some((&base.value, if base.team.is_some() { Origin::Team } else { Origin::Chart }))
    }

    /// What the team alone says of a field.
    #[must_use]
    pub fn team(&self, target: &Target) -> Option<&Value> {
        self.fields.get(target)?.team.as_ref()
    }

    /// All fields that are there.
    pub fn iter(&self) -> impl Iterator<Item = (&Target, &Base)> {
        self.fields.iter()
    }
}

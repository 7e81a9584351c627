//! What a component is without lifeboat: the chart's default under the team's own values.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::apply::{Opaque, in_text};
use super::edition::{Component, Container, Edition, Reach, Shape, Target};

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
                    let own = chain.iter().find_map(|wire| {
                        let own = wire.path.get(team)?;
                        if wire.shape == Shape::YamlText { in_text(own) } else { Some(own.clone()) }
                    });
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

/// A component as its release installs it without an overlay. Every site of a fleet that installs the release alike
/// shares it.
#[derive(Clone, Debug)]
pub struct Untouched {
    /// Whether it is there at all.
    pub installed: bool,
    /// Its fields.
    pub base: Arc<Baseline>,
    /// Its containers, the main one first.
    pub containers: Arc<[String]>,
    /// Its init containers.
    pub init_containers: Arc<[String]>,
}

impl Edition {
    /// Every component under the values that the edition was installed with, in the order of the components.
    pub fn untouched(&self) -> impl Iterator<Item = (&String, &Component, &Untouched)> {
        let made = self.untouched.get_or_init(|| self.components.values().map(|c| self.made(c)).collect());
        self.components.iter().zip(made).map(|((name, component), made)| (name, component, made))
    }

    fn made(&self, component: &Component) -> Untouched {
        let (containers, init_containers) = component.container_names(|c| self.holds(&c.when, &self.values));
        Untouched {
            installed: self.holds(&component.when, &self.values),
            base: Arc::new(Baseline::of(self, component, &self.values)),
            containers: containers.into(),
            init_containers: init_containers.into(),
        }
    }
}

impl Component {
    /// Names of the containers that are there, the main one first, and of the init containers. The main one is set in
    /// the same block of values as the component's other fields (`grafana.resources` beside `grafana.tolerations`).
    #[must_use]
    pub fn container_names(&self, there: impl Fn(&Container) -> bool) -> (Vec<String>, Vec<String>) {
        let block = |reach: Option<&Reach>| {
            let path = &reach?.wiring()?.chain.first()?.path;
            path.keys().split_last().map(|(_, block)| block.to_vec())
        };
        let blocks: Vec<_> = self.fields.values().filter_map(|reach| block(Some(reach))).collect();
        let (init, rest): (Vec<&Container>, Vec<&Container>) =
            self.containers.iter().filter(|c| there(c)).partition(|c| c.init);
        let main = rest.iter().position(|c| block(Some(&c.resources)).is_some_and(|b| blocks.contains(&b)));
        let mut names: Vec<String> = rest.iter().map(|c| c.name.clone()).collect();
        if let Some(main) = main {
            names[..=main].rotate_right(1);
        }
        (names, init.iter().map(|c| c.name.clone()).collect())
    }
}

//! What the policies of a fleet share: every chart is parsed once, and each edition is read once for all sites
//! that install it alike.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use semver::Version;
use serde_json::Value;

use super::{BUILTIN, Catalogue, Chart, Edition, PACKAGED};
use crate::diag::Diagnostic;
use crate::source::SourceMap;

/// Most editions that are kept; a fleet in which every site has values of its own would otherwise grow without end.
const MOST_EDITIONS: usize = 256;

/// Most sets of values for which an edition is kept.
const MOST_VALUES: usize = 8;

/// Chart, version, repository, release and namespace.
type Key = [String; 5];

/// Editions by what they were made from, the team's values last.
type Editions = BTreeMap<Key, Vec<(Value, Arc<Edition>)>>;

/// How a release is installed: whatever else than chart, version and repository shows in an edition.
#[derive(Clone, Copy, Debug)]
pub struct Release<'a> {
    /// Helm's name of the release.
    pub name: &'a str,
    /// Its namespace.
    pub namespace: &'a str,
    /// The team's own values.
    pub values: &'a Value,
}

/// Charts and editions that are read once.
#[derive(Debug, Default)]
pub(super) struct Shared {
    charts: BTreeMap<String, Arc<Chart>>,
    editions: Mutex<Editions>,
}

impl Shared {
    pub(super) fn chart(&self, name: &str) -> Option<Arc<Chart>> {
        self.charts.get(name).cloned()
    }

    fn holds(&self, chart: &Arc<Chart>) -> bool {
        self.charts.get(&chart.name).is_some_and(|own| Arc::ptr_eq(own, chart))
    }
}

impl Catalogue {
    /// Parses all charts that ship with lifeboat at once. Copies of the catalogue share them, for policies whose
    /// sources start with a copy of `sources`.
    #[must_use]
    pub fn shared(mut self, sources: &mut SourceMap) -> Self {
        let mut shared = Shared::default();
        for (name, file, text) in BUILTIN.iter().chain([&PACKAGED]) {
            let file = sources.add(file, *text);
            if let Ok(chart) = Chart::trusted(file, text) {
                shared.charts.insert((*name).to_owned(), Arc::new(chart));
            }
        }
        self.shared = Some(Arc::new(shared));
        self
    }

    /// A chart at a version as a release installs it.
    ///
    /// # Errors
    /// As [`Chart::at`].
    pub fn installed(
        &self,
        chart: &Arc<Chart>,
        (version, repository): (&Version, Option<&str>),
        release: Release<'_>,
    ) -> Result<Arc<Edition>, Box<Diagnostic>> {
        let read = || {
            let edition = chart.read_at(version, repository)?;
            Ok(Arc::new(edition.installed(release.name, release.namespace, release.values)))
        };
        let Some(shared) = self.shared.as_ref().filter(|shared| shared.holds(chart)) else { return read() };
        let own = |text: &str| text.to_owned();
        let key: Key = [
            own(&chart.name),
            version.to_string(),
            own(repository.unwrap_or_default()),
            own(release.name),
            own(release.namespace),
        ];
        // Whoever comes second finds the same value that it would have read itself, so order does not matter.
        let known = |editions: &Editions| {
            let same = editions.get(&key)?.iter().find(|(values, _)| values == release.values)?;
            Some(Arc::clone(&same.1))
        };
        if let Some(known) = known(&shared.editions.lock().unwrap_or_else(PoisonError::into_inner)) {
            return Ok(known);
        }
        let edition = read()?;
        let mut editions = shared.editions.lock().unwrap_or_else(PoisonError::into_inner);
        if editions.len() < MOST_EDITIONS {
            let alike = editions.entry(key).or_default();
            if alike.len() < MOST_VALUES {
                alike.push((release.values.clone(), Arc::clone(&edition)));
            }
        }
        Ok(edition)
    }
}

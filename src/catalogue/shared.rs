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
    editions: Mutex<BTreeMap<String, Arc<Edition>>>,
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
            let edition = chart.at(version, repository)?;
            Ok(Arc::new(edition.installed(release.name, release.namespace, release.values)))
        };
        let Some(shared) = self.shared.as_ref().filter(|shared| shared.holds(chart)) else { return read() };
        let Release { name, namespace, values } = release;
        let key = format!(
            "{}\n{version}\n{}\n{name}\n{namespace}\n{values}",
            chart.name,
            repository.unwrap_or_default()
        );
        // Whoever comes second finds the same value that it would have read itself, so order does not matter.
        if let Some(known) = shared.editions.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Ok(Arc::clone(known));
        }
        let edition = read()?;
        let mut editions = shared.editions.lock().unwrap_or_else(PoisonError::into_inner);
        if editions.len() < MOST_EDITIONS {
            editions.insert(key, Arc::clone(&edition));
        }
        Ok(edition)
    }
}

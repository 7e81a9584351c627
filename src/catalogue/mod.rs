//! Chart knowledge as data: which pods a chart makes, which values reach which of their fields, and what
//! a merge must know. One file per chart and nothing about any chart in Rust; a file beside the policy
//! adds a chart or replaces one.
//!
//! ```text
//! charts/<chart>.toml ─ Chart::parse ─▶ Chart ─ at(version, repository) ─▶ Edition ─ installed(release) ─▶ Edition
//!                                                                             └ apply(component, field, values) = what Helm renders
//! ```

mod apply;
mod baseline;
mod chart;
pub mod compose;
pub mod conform;
mod edition;
mod guard;
mod names;
mod path;
mod read;
mod shared;
mod tree;

pub use apply::Opaque;
pub use baseline::{Base, Baseline, Origin, Untouched};
pub use chart::{Chart, Line};
pub use edition::{
    Component, Condition, Container, Edition, Field, Flip, Known, Merge, Place, Preset, Probing, Reach,
    Refusal, Shape, Storage, Suggested, Target, Wire, Wiring,
};
pub use guard::HalfOpen;
pub(crate) use path::merged_files;
pub use path::{ValuePath, coalesce, is_set, merge_files};
pub use shared::Release;

use std::sync::Arc;

use crate::diag::{Diagnostic, codes::catalogue as codes};
use crate::shape::{did_you_mean, quoted_list};
use crate::source::SourceMap;

/// The files that ship with lifeboat: chart name, file name, text.
const BUILTIN: &[(&str, &str, &str)] = &[
    ("argo-cd", "charts/argo-cd.toml", include_str!("../../charts/argo-cd.toml")),
    ("argo-events", "charts/argo-events.toml", include_str!("../../charts/argo-events.toml")),
    (
        "kube-prometheus-stack",
        "charts/kube-prometheus-stack.toml",
        include_str!("../../charts/kube-prometheus-stack.toml"),
    ),
    ("loki", "charts/loki.toml", include_str!("../../charts/loki.toml")),
];

/// The file of what K3s packages: no chart that a service could name. Its versions are Kubernetes'.
const PACKAGED: (&str, &str, &str) = ("k3s", "charts/k3s.toml", include_str!("../../charts/k3s.toml"));

/// All charts that a run knows. Files are parsed when a chart is asked for.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    added: Vec<Arc<Chart>>,
    /// What the policies of a fleet have in common.
    shared: Option<Arc<shared::Shared>>,
}

impl Catalogue {
    /// The charts that ship with lifeboat.
    #[must_use]
    pub fn builtin() -> Self {
        Self::default()
    }

    /// Adds files of the user's, each with its display name and text; a chart that is known already is
    /// replaced whole.
    ///
    /// # Errors
    /// All that is wrong with the files.
    pub fn extend(
        &mut self,
        sources: &mut SourceMap,
        files: impl IntoIterator<Item = (String, String)>,
    ) -> Result<(), Vec<Diagnostic>> {
        let mut report = Vec::new();
        for (name, text) in files {
            let file = sources.add(&name, text.clone());
            match Chart::parse(file, &text) {
                Ok(chart) => {
                    self.added.retain(|old| old.name != chart.name);
                    self.added.push(Arc::new(chart));
                }
                Err(diagnostics) => report.extend(diagnostics),
            }
        }
        if report.is_empty() { Ok(()) } else { Err(report) }
    }

    /// Names of all charts that a service can name, sorted.
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        let added = self.added.iter().map(|chart| chart.name.as_str());
        let mut names: Vec<_> = BUILTIN.iter().map(|(name, ..)| *name).chain(added).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// The chart of that name.
    ///
    /// # Errors
    /// A name that the catalogue lacks; places in the caller's files are the caller's to add.
    pub fn chart(&self, sources: &mut SourceMap, name: &str) -> Result<Arc<Chart>, Box<Diagnostic>> {
        if let Some(chart) = self.added.iter().find(|chart| chart.name == name) {
            return Ok(Arc::clone(chart));
        }
        if let Some(chart) = self.shared.as_ref().and_then(|shared| shared.chart(name)) {
            return Ok(chart);
        }
        let mut known = BUILTIN.iter().chain([&PACKAGED]);
        let Some((_, file, text)) = known.find(|(known, ..)| *known == name) else {
            return Err(Box::new(self.unknown(name)));
        };
        let file = sources.add(file, *text);
        Chart::trusted(file, text).map(Arc::new).map_err(|report| {
            let first = report.into_iter().next();
            Box::new(first.unwrap_or_else(|| Diagnostic::new(codes::BAD_CATALOGUE, "unreadable")))
        })
    }

    fn unknown(&self, name: &str) -> Diagnostic {
        let names = self.names();
        let help = match did_you_mean(name, names.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("it has {}", quoted_list(names.iter().copied())),
        };
        let own = format!(
            "a chart of your own: `lifeboat charts probe {name}-VERSION.tgz -o charts/{name}.toml`, and `charts = \"charts\"` under `[cluster]`"
        );
        Diagnostic::new(codes::UNKNOWN_CHART, format!("the catalogue has no chart `{name}`"))
            .note(own)
            .help(help)
    }
}

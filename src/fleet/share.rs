//! What the sites of a fleet have in common, read once: the catalogue, and the bases that they extend.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalogue::Catalogue;
use crate::compile;
use crate::diag::{Diagnostic, Severity};
use crate::plan::Plan;
use crate::policy::{self, Checked};
use crate::source::extends::{self, LoadError, Loader};
use crate::source::tree::{Node, Table, Value};
use crate::source::{SourceMap, Span};

/// The shared part of a fleet. Every site works on a copy of its sources, so that spans mean the same everywhere.
#[derive(Debug, Default)]
pub struct Share {
    catalogue: Catalogue,
    sources: SourceMap,
    bases: BTreeMap<String, Table>,
    /// Errors that a base has by itself.
    broken: BTreeSet<Fault>,
}

/// What tells an error of a base from others: code, file, where it starts, message.
type Fault = (&'static str, String, u32, String);

fn fault(finding: &Diagnostic, sources: &SourceMap) -> Option<Fault> {
    let span = finding.primary.as_ref()?.span;
    let file = sources.get(span.file).name.to_string();
    Some((finding.code.name(), file, span.start, finding.message.clone()))
}

impl Share {
    /// Reads the bases of these names and the charts that ship with lifeboat. A base with anything wrong in it is left
    /// to the sites, each of which reports it with its own name beside it.
    #[must_use]
    pub fn of(loader: &dyn Loader, bases: impl IntoIterator<Item = String>) -> Self {
        let mut sources = SourceMap::default();
        let catalogue = Catalogue::builtin().shared(&mut sources);
        let mut read = BTreeMap::new();
        let mut broken = BTreeSet::new();
        for name in bases {
            broken.extend(faults(loader, &name));
            if !read.contains_key(&name)
                && let Some(table) = extends::read_base(loader, &mut sources, &name)
            {
                read.insert(name, table);
            }
        }
        Self { catalogue, sources, bases: read, broken }
    }

    /// The base that is to blame for an error of a site, by its file: the base has the same error by itself.
    #[must_use]
    pub fn base_to_blame(&self, finding: &Diagnostic, sources: &SourceMap) -> Option<String> {
        let fault = fault(finding, sources)?;
        self.broken.contains(&fault).then_some(fault.1)
    }

    /// The base that a finding speaks of, if it speaks of one.
    #[must_use]
    pub fn base_of(&self, finding: &Diagnostic, sources: &SourceMap) -> Option<String> {
        let file = &*sources.get(finding.primary.as_ref()?.span.file).name;
        if self.bases.contains_key(file) {
            Some(file.to_owned())
        } else {
            self.base_to_blame(finding, sources)
        }
    }

    /// The charts; a copy is cheap and shares what it has read.
    #[must_use]
    pub fn catalogue(&self) -> Catalogue {
        self.catalogue.clone()
    }

    /// Sources to start a site with.
    #[must_use]
    pub fn sources(&self) -> SourceMap {
        self.sources.clone()
    }

    /// A loader that knows the bases and asks another one for the rest.
    pub fn loader<'a>(&'a self, rest: &'a (dyn Loader + Sync)) -> Known<'a> {
        Known { share: self, rest }
    }

    /// The tree of a site, its bases merged into it; `None` if it cannot be read without a problem.
    pub fn tree(&self, rest: &(dyn Loader + Sync), name: &str) -> Option<Table> {
        let mut sources = self.sources();
        let (node, problems) = extends::read(&self.loader(rest), &mut sources, name);
        // One file beside the shared ones, so that spans of two sites' trees may stand in one tree.
        let alone = sources.iter().count() == self.sources.iter().count() + 1;
        match node.value {
            Value::Table(table) if problems.is_empty() && alone => Some(table),
            _ => None,
        }
    }

    /// Plans a policy whose tree was changed. Spans of the sites' own files are meaningless here, so the findings are
    /// good for their codes only.
    ///
    /// # Errors
    /// The findings.
    pub fn plan(
        &self,
        rest: &(dyn Loader + Sync),
        name: &str,
        tree: &Table,
    ) -> Result<Plan, Vec<Diagnostic>> {
        let mut sources = self.sources();
        // A changed tree holds spans of two sites: a file of its own takes the place of either.
        let own = sources.add(name, "");
        let node = Node { span: Span::new(own, 0, 0), value: Value::Table(tree.clone()) };
        let Checked { policy, .. } =
            policy::of_tree(&self.loader(rest), &mut sources, name, &node, Vec::new())?;
        compile::plan(policy, &self.catalogue, &self.loader(rest), &mut sources).map(|(plan, _)| plan)
    }
}

/// The errors of a base, read as if it were a site. That it is none makes errors too; they are no site's.
fn faults(loader: &dyn Loader, name: &str) -> Vec<Fault> {
    let mut sources = SourceMap::default();
    let Err(findings) = policy::load(loader, &mut sources, name) else { return Vec::new() };
    let errors = findings.iter().filter(|finding| finding.severity == Severity::Error);
    errors.filter_map(|finding| fault(finding, &sources)).collect()
}

/// A loader with the fleet's bases.
pub struct Known<'a> {
    share: &'a Share,
    rest: &'a (dyn Loader + Sync),
}

impl Loader for Known<'_> {
    fn load(&self, name: &str, limit: u64) -> Result<String, LoadError> {
        self.rest.load(name, limit)
    }

    fn list(&self, glob: &str) -> Result<Vec<String>, LoadError> {
        self.rest.list(glob)
    }

    fn base(&self, name: &str) -> Option<&Table> {
        self.share.bases.get(name)
    }
}

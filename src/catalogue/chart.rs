//! One catalogue file: which versions it knows, and the door to an [`Edition`].

use std::sync::{Arc, Mutex, PoisonError};

use semver::Version;

use super::edition::{Edition, Known, Probing};
use super::guard::{self, HalfOpen};
use super::read;
use super::tree::{Keys, Report, text};
use crate::diag::{Diagnostic, codes::catalogue as codes};
use crate::shape::quoted_list;
use crate::source::FileId;
use crate::source::tree::{self, Node};

/// What the catalogue says of one chart.
#[derive(Clone, Debug)]
pub struct Chart {
    /// Chart name.
    pub name: String,
    /// One line on what it is.
    pub about: Option<String>,
    /// Who serves it, and which versions.
    pub lines: Vec<Line>,
    /// Versions that were rendered and compared, ascending.
    pub tested: Vec<Version>,
    /// Versions at which some fact changes, ascending.
    pub edges: Vec<Version>,
    range: HalfOpen,
    root: Node,
    /// The edition that was asked for last.
    last: Arc<Mutex<Option<Last>>>,
}

/// An edition with the version and repository that it was asked for by.
type Last = (Version, Option<String>, Arc<Edition>);

/// A repository that serves a chart.
#[derive(Clone, Debug)]
pub struct Line {
    /// Its short name, as in `grafana-community`.
    pub name: String,
    /// URL of the Helm repository.
    pub url: String,
    /// The versions that it serves and the catalogue knows.
    pub range: HalfOpen,
}

impl Line {
    /// Whether a name or URL means this repository.
    #[must_use]
    pub fn is(&self, wanted: &str) -> bool {
        wanted == self.name || wanted.trim_end_matches('/') == self.url
    }
}

impl Chart {
    /// Reads a file, or says all that is wrong with it.
    ///
    /// # Errors
    /// Every mistake in the text: syntax, keys, types, guards, and values at any edge version.
    pub fn parse(file: FileId, source: &str) -> Result<Self, Vec<Diagnostic>> {
        let (root, errors) = tree::parse(file, source);
        let mut report: Report = errors
            .into_iter()
            .map(|e| Diagnostic::new(codes::BAD_CATALOGUE, e.message).at(e.span, "not TOML"))
            .collect();
        if !report.is_empty() {
            return Err(report);
        }
        let chart = Self::head(root, &mut report);
        if let Some(chart) = chart {
            let chart = chart.check(&mut report);
            if report.is_empty() {
                return Ok(chart);
            }
        }
        Err(report)
    }

    /// Reads a file that ships with lifeboat: its guards and editions are checked by the tests.
    pub(super) fn trusted(file: FileId, source: &str) -> Result<Self, Vec<Diagnostic>> {
        let mut report = Report::new();
        Self::head(tree::parse(file, source).0, &mut report).ok_or(report)
    }

    fn head(root: Node, report: &mut Report) -> Option<Self> {
        let mut keys = Keys::of(&root, "a catalogue file", report);
        let name = keys.need("chart", report).and_then(|node| text(node, "`chart`", report));
        let about = keys.text("about", report);
        let lines = keys.list("repositories", report).iter();
        let lines: Vec<Line> = lines.filter_map(|node| line(node, report)).collect();
        let tested = keys.list("tested", report).iter();
        let mut tested: Vec<Version> = tested.filter_map(|node| guard::version(node, report)).collect();
        tested.sort();
        let from = lines.iter().map(|line| &line.range.from).min().cloned();
        let until = lines.iter().map(|line| &line.range.until).max().cloned();
        let (Some(from), Some(until)) = (from, until) else {
            let message =
                "a catalogue file needs `repositories`, each with `name`, `url`, `from` and `until`";
            report.push(Diagnostic::new(codes::BAD_CATALOGUE, message).at(root.span, "in this file"));
            return None;
        };
        Some(Self {
            name: name?,
            about,
            lines,
            tested,
            edges: Vec::new(),
            range: HalfOpen { from, until },
            root,
            last: Arc::default(),
        })
    }

    /// Checks the guards, and reads the edition at each edge.
    fn check(mut self, report: &mut Report) -> Self {
        let mut edges = vec![self.range.from.clone()];
        guard::check(&self.root, &self.range, &mut edges, report);
        edges.sort();
        edges.dedup();
        self.edges = edges;
        if report.is_empty() {
            for version in &self.edges {
                self.edition(version, "", report);
                let resolved = guard::resolve(&self.root, &self.range, version);
                read::probing(resolved.as_ref().unwrap_or(&self.root), report);
                if !report.is_empty() {
                    break;
                }
            }
        }
        self
    }

    fn edition(&self, version: &Version, url: &str, report: &mut Report) -> Edition {
        let known = match self.tested.last() {
            _ if self.tested.contains(version) => Known::Tested,
            Some(newest) if version < newest => Known::Between,
            _ => Known::Newer,
        };
        let resolved = guard::resolve(&self.root, &self.range, version);
        let root = resolved.as_ref().unwrap_or(&self.root);
        let mut edition = read::edition(root, &self.name, version, url, known, report);
        edition.flips = read::flips(&self.root, &self.range, version);
        edition
    }

    /// The chart at one version, from a repository or, if only one serves that version, from that one.
    ///
    /// # Errors
    /// A version that no known repository serves, an unknown repository, or two possible ones. Places in
    /// the caller's files are the caller's to add.
    pub fn at(&self, version: &Version, repository: Option<&str>) -> Result<Edition, Box<Diagnostic>> {
        let same = |line: &&Line| repository.is_none_or(|wanted| line.is(wanted));
        let lines: Vec<&Line> = self.lines.iter().filter(same).collect();
        if lines.is_empty() {
            return Err(Box::new(self.unknown_repository(repository.unwrap_or_default())));
        }
        let serving: Vec<_> = lines.iter().filter(|line| line.range.contains(version)).collect();
        match serving[..] {
            [] => Err(Box::new(self.unknown_version(version, &lines))),
            [line] => {
                let mut report = Report::new();
                let edition = self.edition(version, &line.url, &mut report);
                report.into_iter().next().map_or(Ok(edition), |diagnostic| Err(Box::new(diagnostic)))
            }
            _ => Err(Box::new(self.ambiguous(version))),
        }
    }

    /// As [`Chart::at`], read once for many releases of one version.
    ///
    /// # Errors
    /// As [`Chart::at`].
    pub fn read_at(
        &self,
        version: &Version,
        repository: Option<&str>,
    ) -> Result<Arc<Edition>, Box<Diagnostic>> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, from, edition)) = &*last
            && known == version
            && from.as_deref() == repository
        {
            return Ok(Arc::clone(edition));
        }
        let edition = Arc::new(self.at(version, repository)?);
        *last = Some((version.clone(), repository.map(str::to_owned), Arc::clone(&edition)));
        Ok(edition)
    }

    /// How to render the chart at one version so that all of it shows.
    #[must_use]
    pub fn probing(&self, version: &Version) -> Probing {
        let resolved = guard::resolve(&self.root, &self.range, version);
        read::probing(resolved.as_ref().unwrap_or(&self.root), &mut Report::new())
    }

    fn unknown_repository(&self, url: &str) -> Diagnostic {
        let message = format!("the catalogue does not know chart {} from {url}", self.name);
        let names = quoted_list(self.lines.iter().map(|line| line.name.as_str()));
        Diagnostic::new(codes::UNKNOWN_CHART_REPOSITORY, message).help(format!("it knows it from {names}"))
    }

    fn unknown_version(&self, version: &Version, lines: &[&Line]) -> Diagnostic {
        let message = format!("the catalogue does not know chart {} {version}", self.name);
        let known = lines.iter().map(|line| format!("{} ({})", line.range, line.name));
        let known = known.collect::<Vec<_>>().join(", and from ");
        let finding = Diagnostic::new(codes::UNKNOWN_CHART_VERSION, message);
        // The line that ends last is the one that goes on.
        let Some(line) = lines.iter().max_by(|a, b| a.range.until.cmp(&b.range.until)) else {
            return finding.help(format!("it knows the versions from {known}"));
        };
        let (name, url) = (&self.name, &line.url);
        finding.help(format!(
            "it knows the versions from {known}; to learn this one, beside the policy: `helm pull {name} --repo {url} \
             --version {version}`, `mkdir -p charts`, `lifeboat charts probe {name}-{version}.tgz --repository {url} > \
             charts/{name}.toml` (with `--values` if it does not render without), and `charts = \"charts\"` in `[cluster]`"
        ))
    }

    fn ambiguous(&self, version: &Version) -> Diagnostic {
        let message = format!("two repositories serve different charts as {} {version}", self.name);
        let names = self.lines.iter().filter(|line| line.range.contains(version));
        Diagnostic::new(codes::AMBIGUOUS_CHART_REPOSITORY, message)
            .help(format!("state `repository`: {}", quoted_list(names.map(|line| line.name.as_str()))))
    }
}

fn line(node: &Node, report: &mut Report) -> Option<Line> {
    let mut keys = Keys::of(node, "a repository", report);
    let name = keys.need("name", report).and_then(|node| text(node, "`name`", report));
    let url = keys.need("url", report).and_then(|node| text(node, "`url`", report));
    let from = keys.need("from", report).and_then(|node| guard::version(node, report));
    let until = keys.need("until", report).and_then(|node| guard::version(node, report));
    keys.finish(report);
    let url = url?.trim_end_matches('/').to_owned();
    Some(Line { name: name?, url, range: HalfOpen { from: from?, until: until? } })
}

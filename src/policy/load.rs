//! From a file's name to a checked policy.

use std::collections::BTreeMap;

use super::{Checked, Policy, TomlPolicy, check};
use crate::diag::{Diagnostic, Severity, codes::policy as codes};
use crate::given;
use crate::shape::{Reader, Shape};
use crate::source::extends::{self, LoadError, Loader, MAX_CHAIN, MAX_FILES, Problem};
use crate::source::tree::Node;
use crate::source::{FileId, SourceMap, Span};

/// A policy that may not be used.
#[derive(Debug)]
pub struct Rejected {
    /// All findings, at least one of which is an error.
    pub findings: Vec<Diagnostic>,
    /// What it looks like with stand-ins for what is missing or unreadable, for those who look for further
    /// mistakes; `None` if it is not even TOML.
    pub policy: Option<Box<Policy>>,
}

/// Reads a policy with its bases and checks it. Sources are registered in `sources`, so that the
/// findings can be rendered.
///
/// # Errors
/// All findings, at least one of which is an error.
pub fn load(loader: &dyn Loader, sources: &mut SourceMap, name: &str) -> Result<Checked, Vec<Diagnostic>> {
    read(loader, sources, name).map_err(|rejected| rejected.findings)
}

/// The same for those who go on with a policy that is rejected.
///
/// # Errors
/// All findings, at least one of which is an error, and what the policy looks like but for the parts that
/// they are about.
pub fn read(loader: &dyn Loader, sources: &mut SourceMap, name: &str) -> Result<Checked, Rejected> {
    let (tree, problems) = extends::read(loader, sources, name);
    checked(loader, sources, name, &tree, problems)
}

/// Checks a policy that was read, and perhaps changed, before.
///
/// # Errors
/// All findings, at least one of which is an error.
pub fn of_tree(
    loader: &dyn Loader,
    sources: &mut SourceMap,
    name: &str,
    tree: &Node,
    problems: Vec<Problem>,
) -> Result<Checked, Vec<Diagnostic>> {
    checked(loader, sources, name, tree, problems).map_err(|rejected| rejected.findings)
}

fn checked(
    loader: &dyn Loader,
    sources: &mut SourceMap,
    name: &str,
    tree: &Node,
    problems: Vec<Problem>,
) -> Result<Checked, Rejected> {
    let broken = first_errors(&problems);
    let mut findings: Vec<Diagnostic> = problems.into_iter().map(diagnose).collect();
    // Syntax that could not be read makes keys look missing; only what was read is worth checking then.
    let readable = findings.is_empty();
    let mut reader = Reader::default();
    let toml = TomlPolicy::read(tree, &mut reader).unwrap_or_default();
    findings.extend(reader.diagnostics.drain(..).filter(|finding| {
        let at = finding.primary.as_ref().map(|label| label.span);
        at.is_none_or(|at| broken.get(&at.file).is_none_or(|first| at.start < *first))
    }));
    let mut policy = None;
    if readable {
        let globs = toml.workloads.as_ref().and_then(|workloads| workloads.value.from.as_ref());
        let (given, unread) = given::read(loader, sources, globs.map_or(&[][..], |globs| &globs.value));
        let checked = check::check(sources, name, &toml, given, check::Unread::of(&reader));
        findings.extend(unread);
        policy = Some(checked.0);
        findings.extend(checked.1);
    }
    if let Some(policy) = &policy {
        super::apply_allowances(policy, &mut findings, crate::diag::codes::policy::ALL);
    }
    crate::diag::sort(&mut findings, sources);
    match policy {
        Some(policy) if findings.iter().all(|finding| finding.severity != Severity::Error) => {
            Ok(Checked { policy, warnings: findings })
        }
        policy => Err(Rejected { findings, policy: policy.map(Box::new) }),
    }
}

/// Where each broken file stops being TOML. What the parser made of the text behind that is a guess.
fn first_errors(problems: &[Problem]) -> BTreeMap<FileId, u32> {
    let mut first = BTreeMap::new();
    for problem in problems {
        if let Problem::Syntax(error) = problem {
            let at = first.entry(error.span.file).or_insert(error.span.start);
            *at = error.span.start.min(*at);
        }
    }
    first
}

fn diagnose(problem: Problem) -> Diagnostic {
    match problem {
        Problem::Load { name, error, from } => unreadable(&name, &error, from),
        Problem::Empty { file } => Diagnostic::new(codes::EMPTY_FILE, "this file says nothing")
            .at(Span::new(file, 0, 0), "no key, no table")
            .help("`lifeboat init` writes a policy to start from"),
        Problem::Syntax(error) => {
            Diagnostic::new(codes::NOT_TOML, format!("this is not TOML: {}", error.message))
                .at(error.span, "here")
        }
        Problem::NotAName { span, kind } => Diagnostic::new(
            codes::WRONG_TYPE,
            format!("`extends` must be a string or a list of strings, not {kind}"),
        )
        .at(span, "expected the name of a file"),
        Problem::Cycle(chain) => cycle(&chain),
        Problem::TooLong { span } => {
            let message =
                format!("more than {MAX_CHAIN} files extend each other, or more than {MAX_FILES} in all");
            Diagnostic::new(codes::EXTENDS_TOO_LONG, message).at(span, "not read").help("extend fewer files")
        }
        Problem::NotAList { span, base, kind } => {
            let diagnostic =
                Diagnostic::new(codes::APPEND_TO_NON_LIST, format!("`+` appends lists, not {kind}"));
            let diagnostic =
                diagnostic.at(span, "appends here").help("leave out the `+` to replace the value");
            match base {
                Some(base) => diagnostic.label(base, "to this"),
                None => diagnostic,
            }
        }
    }
}

fn cycle(chain: &[(String, Span)]) -> Diagnostic {
    let names: Vec<&str> = chain.iter().map(|(name, _)| name.as_str()).collect();
    let mut diagnostic =
        Diagnostic::new(codes::EXTENDS_CYCLE, format!("this file extends itself: {}", names.join(" → ")))
            .help("take one `extends` of the circle out");
    if let Some(((_, last), before)) = chain.split_last() {
        diagnostic = diagnostic.at(*last, "closes the circle");
        for (_, span) in before {
            diagnostic = diagnostic.label(*span, "by way of this");
        }
    }
    diagnostic
}

fn unreadable(name: &str, error: &LoadError, from: Option<Span>) -> Diagnostic {
    let (message, help) = match error {
        LoadError::NotFound => {
            (format!("there is no `{name}`"), "write its path, or make one with `lifeboat init`")
        }
        LoadError::IsFolder => (format!("`{name}` is a folder"), "name the file in it"),
        LoadError::TooLarge { bytes, limit } => {
            let size = bytes.map_or_else(|| "more".to_owned(), |n| format!("{n} bytes"));
            (format!("`{name}` is too large for a policy: {size}, at most {limit}"), "is it the right file?")
        }
        LoadError::NotUtf8 { offset } => {
            (format!("`{name}` is not UTF-8: byte {offset} cannot be read"), "save it as UTF-8")
        }
        LoadError::Other(text) => (format!("`{name}` cannot be read: {text}"), "mend that and try again"),
    };
    let diagnostic = Diagnostic::new(codes::UNREADABLE_FILE, message).help(help);
    match from {
        Some(span) => diagnostic.at(span, "extended here"),
        None => diagnostic,
    }
}

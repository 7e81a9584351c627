//! Why is it so? Answers for everything that lifeboat emits and everything that the policy names: an
//! output's line, a values path, a service, a component, a workload, a node, a tier; and the other way
//! round, what a line of the policy causes.

mod claim;
mod lose;
mod mention;
mod node;
mod object;
mod other;
mod output;
mod reason;
pub mod render;
mod reverse;
mod script;
mod service;
mod survival;
mod tier;

pub use lose::lose;
pub use other::Again;

use serde::Serialize;

use crate::compile::Compilation;
use crate::prove::Model;
use crate::source::SourceMap;

/// What is asked about.
#[derive(Clone, Copy, Debug)]
pub struct World<'a> {
    /// The compiled policy.
    pub compilation: &'a Compilation,
    /// The files that it was read from.
    pub sources: &'a SourceMap,
    /// The cluster under proof; `None` for one that the prover cannot take.
    pub model: Option<&'a Model>,
}

/// An answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Page {
    /// What it is about.
    pub title: String,
    /// What there is to say, in parts.
    pub parts: Vec<Part>,
}

/// A part of an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Part {
    /// Its heading.
    pub title: String,
    /// Its lines.
    pub notes: Vec<Note>,
}

/// A line of an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Note {
    /// How deep it rests on the lines above.
    pub depth: usize,
    /// What it says.
    pub text: String,
    /// The line of a source that says so.
    pub at: Option<At>,
}

/// A line of a source.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct At {
    /// The file as it was named.
    pub file: String,
    /// From 1.
    pub line: usize,
    /// What stands there.
    pub text: String,
}

impl Page {
    fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), parts: Vec::new() }
    }

    /// Adds a part, unless it has nothing to say.
    fn part(&mut self, title: &str, notes: Vec<Note>) {
        if !notes.is_empty() {
            self.parts.push(Part { title: title.to_owned(), notes });
        }
    }
}

impl Note {
    fn new(text: impl Into<String>) -> Self {
        Self { depth: 0, text: text.into(), at: None }
    }

    fn at(text: impl Into<String>, at: Option<At>) -> Self {
        Self { depth: 0, text: text.into(), at }
    }
}

/// Explains a subject by its name: first what the policy names, then values paths. `None` if nothing
/// is known by it.
#[must_use]
pub fn name(world: World<'_>, subject: &str) -> Option<Page> {
    service::page(world, subject)
        .or_else(|| node::page(world, subject))
        .or_else(|| tier::page(world, subject))
        .or_else(|| claim::scenario(world, subject))
        .or_else(|| claim::rule(world, subject))
        .or_else(|| claim::policy_path(world, subject))
        .or_else(|| output::values_path(world, subject))
}

/// Explains a line (from 1) of an output, by its path below the output folder.
#[must_use]
pub fn output_line(world: World<'_>, path: &str, line: u32) -> Option<Page> {
    output::line(world, path, line)
}

/// Lists what a line (from 1) of a source causes, by the source's name. What no reason was recorded of is found by
/// compiling again, if the caller can.
#[must_use]
pub fn source_line(world: World<'_>, file: &str, line: usize, again: Option<&Again<'_>>) -> Option<Page> {
    reverse::page(world, file, line, again)
}

/// How many lines a file has that [`output_line`] or [`source_line`] knows.
#[must_use]
pub fn lines_of(world: World<'_>, output: Option<&str>, source: &str) -> Option<usize> {
    let artifact = world.compilation.artifacts.iter().find(|a| output == Some(a.path.as_str()));
    let text = artifact.map(|a| a.text.as_str());
    text.or_else(|| world.sources.iter().find(|(_, f)| &*f.name == source).map(|(_, f)| &*f.text))
        .map(|text| text.lines().count())
}

/// Every name that [`name`] knows, for suggestions.
#[must_use]
pub fn names(world: World<'_>) -> Vec<String> {
    let plan = &world.compilation.plan;
    let policy = &plan.policy;
    let mut names: Vec<String> = policy.services.iter().map(|s| s.name.value.clone()).collect();
    names.extend(plan.carriers.iter().map(|c| plan.display(c)));
    names.extend(policy.nodes.iter().map(|n| n.name.value.clone()));
    names.extend(policy.tiers.iter().map(|t| t.name.value.clone()));
    names.extend(policy.scenarios.iter().map(|s| s.name.value.clone()));
    names.extend(claim::rules(policy).map(|(name, ..)| name.value.clone()));
    names.sort();
    names.dedup();
    names
}

//! Diagnostics as data: a code, a severity, the facts, places, and what to write instead. Rendering
//! lives in the files beside this one; wording lives where the finding is made, explanations in
//! [`codes`].

pub mod codes;
mod levels;
mod order;
pub mod render;

pub use codes::Code;
pub use levels::Levels;
pub use order::sort;

use crate::source::Span;

/// How much a finding weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Broken input or a broken promise: the run fails.
    Error,
    /// Worth a look; can be raised with `-D` or silenced with `-A`.
    Warning,
    /// For information only.
    Note,
}

/// A second place that belongs to a finding.
#[derive(Clone, Debug)]
pub struct Label {
    /// Where.
    pub span: Span,
    /// What this place has to do with it.
    pub text: String,
}

/// A file that is no source of the policy: an output that was compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file's name, with `/`.
    pub file: String,
    /// The line, counted from 1; `None` for the file as a whole.
    pub line: Option<usize>,
}

/// One finding.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    /// Stable kebab-case code.
    pub code: Code,
    /// Weight before command-line overrides.
    pub severity: Severity,
    /// One line, lower case, no full stop.
    pub message: String,
    /// The offending place with a short text under the caret.
    pub primary: Option<Label>,
    /// The offending file, where it is not one of the sources that spans speak of.
    pub place: Option<Place>,
    /// The other places that make it wrong.
    pub labels: Vec<Label>,
    /// Further facts, one line each.
    pub notes: Vec<String>,
    /// What to do or write instead.
    pub help: Option<String>,
    /// What it was found on, in the words of `[allow.*]`: a service, `service/component`, a workload, a node, a tier, a
    /// scenario, or a table of the policy.
    pub target: Option<String>,
}

impl Diagnostic {
    /// A finding with the code's own severity.
    #[must_use]
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: code.severity(),
            message: message.into(),
            primary: None,
            place: None,
            labels: Vec::new(),
            notes: Vec::new(),
            help: None,
            target: None,
        }
    }

    /// Sets the primary place.
    #[must_use]
    pub fn at(mut self, span: Span, text: impl Into<String>) -> Self {
        self.primary = Some(Label { span, text: text.into() });
        self
    }

    /// Says which file it is about, where that is no source.
    #[must_use]
    pub fn about_file(mut self, file: impl Into<String>, line: Option<usize>) -> Self {
        self.place = Some(Place { file: file.into(), line });
        self
    }

    /// Adds another place.
    #[must_use]
    pub fn label(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label { span, text: text.into() });
        self
    }

    /// Adds a fact.
    #[must_use]
    pub fn note(mut self, text: impl Into<String>) -> Self {
        self.notes.push(text.into());
        self
    }

    /// Says what it was found on, so that an allowance can name it. Backticks are left out.
    #[must_use]
    pub fn about(mut self, target: impl AsRef<str>) -> Self {
        self.target = Some(target.as_ref().trim_matches('`').to_owned());
        self
    }

    /// Sets the way out.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(text.into());
        self
    }
}

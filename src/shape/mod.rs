//! Typed reading of a TOML tree. A shape is declared once, with [`table!`] and [`choice!`]; from that
//! one declaration come the Rust type, the reader that reports *every* mistake with its place, the JSON
//! Schema that completes keys in editors, and the reference page.
//!
//! Reading never stops at a mistake: a field that is wrong is left out and reported, the rest is read.

mod did_you_mean;
mod macros;
mod map;
mod scalar;
pub(crate) mod schema;

pub use did_you_mean::did_you_mean;
pub(crate) use macros::{choice, table};
pub use map::{Map, OneOrMany};
pub(crate) use scalar::inline_schema;
pub use scalar::{Name, Names, Text};

use schemars::{JsonSchema, Schema, SchemaGenerator};

use crate::diag::{Diagnostic, codes::policy as codes};
use crate::source::Span;
use crate::source::tree::{Node, Value};
use crate::why::{Reason, Rule, Why};

/// A value with the place where it was written and its path in the policy
/// (`tiers.critical.lifeboat`). A default has a path but no place.
#[derive(Clone, Debug)]
pub struct Field<T> {
    /// The value.
    pub value: T,
    /// Where it was written; `None` for a default.
    pub span: Option<Span>,
    /// Its path, keys joined by dots.
    pub path: String,
}

impl<T> Field<T> {
    /// A value that nobody wrote.
    pub fn default_at(value: T, path: impl Into<String>) -> Self {
        Self { value, span: None, path: path.into() }
    }

    /// The same place and path with another value.
    pub fn with<U>(&self, value: U) -> Field<U> {
        Field { value, span: self.span, path: self.path.clone() }
    }

    /// Converts the value.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Field<U> {
        Field { value: f(self.value), span: self.span, path: self.path }
    }

    /// Whether the policy states it.
    pub fn is_stated(&self) -> bool {
        self.span.is_some()
    }

    /// The reason that this field is: [`Rule::Stated`] or [`Rule::Default`].
    pub fn reason(&self) -> Reason {
        let rule = if self.is_stated() { Rule::Stated } else { Rule::Default };
        self.reason_for(rule, Vec::new())
    }

    /// A reason of another rule that read this field.
    pub fn reason_for(&self, rule: Rule, because: Vec<Why>) -> Reason {
        Reason { rule, at: self.span, path: self.path.clone(), because }
    }
}

impl<T: PartialEq> PartialEq for Field<T> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

/// A type that can be read from a TOML node. Its JSON Schema says what [`Shape::read`] accepts.
pub trait Shape: Sized + JsonSchema {
    /// What is expected, with its article, for messages: `a string`.
    const EXPECTED: &'static str;

    /// Reads a node, or reports to the reader why it cannot.
    fn read(node: &Node, reader: &mut Reader) -> Option<Self>;

    /// The syntax of the names of entries of this type. Such entries can be taken out of what a base
    /// gave with `enabled = false`, unless the word has a meaning of its own there.
    const NAMES: Names = Names::Free;
}

/// Where reading stands: the path so far and all that was wrong.
#[derive(Debug, Default)]
pub struct Reader {
    /// Everything reported so far.
    pub diagnostics: Vec<Diagnostic>,
    /// Paths whose value was reported and left out, so that nobody calls them missing.
    pub failed: std::collections::BTreeSet<String>,
    /// Paths of keys that a misspelt one was probably meant to be, so that nobody calls them missing either.
    pub misspelt: std::collections::BTreeSet<String>,
    path: String,
}

impl Reader {
    /// The path of the node being read.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Reads a node one key further down.
    pub fn enter<T: Shape>(&mut self, key: &str, node: &Node) -> Option<Field<T>> {
        let length = self.path.len();
        push_key(&mut self.path, key);
        let value = T::read(node, self);
        let path = self.path.clone();
        self.path.truncate(length);
        match value {
            Some(value) => Some(Field { value, span: Some(node.span), path }),
            None => {
                self.failed.insert(path);
                None
            }
        }
    }

    /// Reports a value of the wrong type.
    pub fn wrong_type<T: Shape>(&mut self, node: &Node) {
        let message = format!("`{}` must be {}, not {}", self.path, T::EXPECTED, node.value.kind());
        self.report(
            Diagnostic::new(codes::WRONG_TYPE, message).at(node.span, format!("expected {}", T::EXPECTED)),
        );
    }

    /// Reports a string that is none of the words of a choice.
    pub fn unknown_word(&mut self, node: &Node, word: &str, known: &[&str]) {
        let message = format!("`{}` cannot be `{word}`", self.path);
        let list = quoted_list(known.iter().copied());
        let help = match did_you_mean(word, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`? The choices are {list}"),
            None => format!("the choices are {list}"),
        };
        self.report(Diagnostic::new(codes::UNKNOWN_WORD, message).at(node.span, "not a choice").help(help));
    }

    /// Reports a value of the right type that cannot be.
    pub fn bad_value(&mut self, node: &Node, why: &str, help: &str) {
        let message = format!("`{}`: {why}", self.path);
        self.report(Diagnostic::new(codes::BAD_VALUE, message).at(node.span, "cannot be").help(help));
    }

    /// Adds a finding.
    pub fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// Reports a key that a table does not have, with the nearest one that it has.
    pub fn unknown_key(&mut self, key: &str, span: Span, known: &[&str]) {
        let place = if self.path.is_empty() { "a policy".to_owned() } else { format!("`{}`", self.path) };
        let mut diagnostic = Diagnostic::new(codes::UNKNOWN_KEY, format!("{place} has no key `{key}`"))
            .at(span, "not a key here");
        let bare = key.strip_suffix('+').unwrap_or(key);
        diagnostic = match did_you_mean(bare, known.iter().copied()) {
            Some(near) => {
                self.misspelt.insert(join(&self.path, near));
                diagnostic.help(format!("did you mean `{near}`?"))
            }
            None => diagnostic.help(format!("the keys here are {}", quoted_list(known.iter().copied()))),
        };
        self.report(diagnostic);
    }
}

/// Appends a key to a dotted path, quoted where a bare key could be misread.
pub fn push_key(path: &mut String, key: &str) {
    if !path.is_empty() {
        path.push('.');
    }
    let bare = !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    if bare {
        path.push_str(key);
    } else {
        path.push_str(&format!("{key:?}"));
    }
}

/// Joins a path and a key.
#[must_use]
pub fn join(path: &str, key: &str) -> String {
    let mut path = path.to_owned();
    push_key(&mut path, key);
    path
}

/// `` `a`, `b` or `c` ``: for help texts.
#[must_use]
pub fn quoted_list<'a>(items: impl IntoIterator<Item = &'a str>) -> String {
    let items: Vec<String> = items.into_iter().map(|item| format!("`{item}`")).collect();
    match items.split_last() {
        None => "none".into(),
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
    }
}

impl<T: JsonSchema> JsonSchema for Field<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        T::schema_name()
    }
    fn schema_id() -> std::borrow::Cow<'static, str> {
        T::schema_id()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}

impl<T: Shape> Shape for Vec<Field<T>> {
    const EXPECTED: &'static str = "a list";

    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        let Value::Array(items) = &node.value else {
            reader.wrong_type::<Self>(node);
            return None;
        };
        let read = |(index, item): (usize, &Node)| {
            let path = format!("{}[{index}]", reader.path());
            match T::read(item, reader) {
                Some(value) => Some(Field { value, span: Some(item.span), path }),
                None => {
                    reader.failed.insert(path);
                    None
                }
            }
        };
        Some(items.iter().enumerate().filter_map(read).collect())
    }
}

/// A field's name in Rust as a key in TOML.
#[must_use]
pub(crate) fn kebab(name: &'static str) -> &'static str {
    if name.contains('_') { Box::leak(name.replace('_', "-").into_boxed_str()) } else { name }
}

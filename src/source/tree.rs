//! A TOML text as a tree in which every key and every value knows where it was written.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use indexmap::IndexMap;
use toml::de::{DeTable, DeValue};

use super::{FileId, Span};

/// A value with its place.
#[derive(Clone, Debug)]
pub struct Node {
    /// Where the value stands; for a table with a header, the header.
    pub span: Span,
    /// What stands there.
    pub value: Value,
}

/// The value of a [`Node`].
#[derive(Clone, Debug)]
pub enum Value {
    /// A string of any of TOML's four kinds.
    String(String),
    /// An integer that fits 64 bits; others are syntax errors here.
    Integer(i64),
    /// A float.
    Float(f64),
    /// A boolean.
    Bool(bool),
    /// A date or time, as written; nothing in lifeboat's files is one.
    Datetime(String),
    /// An array, or an array of tables.
    Array(Vec<Node>),
    /// A table of any kind.
    Table(Table),
}

/// A table: entries in the order in which they were written. A copy shares them until it is changed, so that the sites
/// of a fleet share what they leave as their base has it.
#[derive(Clone, Debug, Default)]
pub struct Table(Arc<IndexMap<String, Entry>>);

impl Table {
    /// A table without entries.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A table without entries, with room for so many.
    #[must_use]
    pub fn with_capacity(entries: usize) -> Self {
        Self(Arc::new(IndexMap::with_capacity(entries)))
    }
}

impl Deref for Table {
    type Target = IndexMap<String, Entry>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl DerefMut for Table {
    fn deref_mut(&mut self) -> &mut Self::Target {
        Arc::make_mut(&mut self.0)
    }
}

impl FromIterator<(String, Entry)> for Table {
    fn from_iter<I: IntoIterator<Item = (String, Entry)>>(entries: I) -> Self {
        Self(Arc::new(entries.into_iter().collect()))
    }
}

impl IntoIterator for Table {
    type Item = (String, Entry);
    type IntoIter = indexmap::map::IntoIter<String, Entry>;

    fn into_iter(self) -> Self::IntoIter {
        Arc::unwrap_or_clone(self.0).into_iter()
    }
}

impl<'a> IntoIterator for &'a Table {
    type Item = (&'a String, &'a Entry);
    type IntoIter = indexmap::map::Iter<'a, String, Entry>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

/// An entry of a [`Table`].
#[derive(Clone, Debug)]
pub struct Entry {
    /// Where the key stands.
    pub key: Span,
    /// The value.
    pub node: Node,
}

impl Value {
    /// The TOML type in words, with its article, for messages.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::String(_) => "a string",
            Self::Integer(_) => "an integer",
            Self::Float(_) => "a float",
            Self::Bool(_) => "a boolean",
            Self::Datetime(_) => "a date",
            Self::Array(_) => "an array",
            Self::Table(_) => "a table",
        }
    }
}

/// A place where a text is not TOML.
#[derive(Clone, Debug)]
pub struct SyntaxError {
    /// Where.
    pub span: Span,
    /// What the parser says, one line.
    pub message: String,
}

/// Deepest nesting of tables and arrays that is read.
pub const MAX_DEPTH: usize = 64;

/// Parses a text into a tree of what could be read and the places that could not.
///
/// Never panics; nesting deeper than [`MAX_DEPTH`] is a syntax error.
#[must_use]
pub fn parse(file: FileId, text: &str) -> (Node, Vec<SyntaxError>) {
    let whole = Span::new(file, 0, text.len());
    if let Some(at) = too_many_dots(text) {
        let span = Span::new(file, at, at + 1);
        let message = format!("this key has more than {MAX_DEPTH} parts");
        return (
            Node { span: whole, value: Value::Table(Table::new()) },
            vec![SyntaxError { span, message }],
        );
    }
    let (table, errors) = DeTable::parse_recoverable(text);
    let mut errors: Vec<_> = errors
        .iter()
        .map(|error| {
            let range = error.span().unwrap_or(0..0);
            let message = error.message().lines().collect::<Vec<_>>().join(", ");
            SyntaxError { span: Span::new(file, range.start, range.end), message }
        })
        .collect();
    let mut build = Build { file, errors: &mut errors };
    let value = Value::Table(build.table(table.get_ref(), 0));
    (Node { span: whole, value }, errors)
}

/// The offset of a line whose key would nest deeper than [`MAX_DEPTH`]: the TOML parser guards brackets
/// but not dotted keys, and a tree that deep overflows the stack when it is dropped.
fn too_many_dots(text: &str) -> Option<usize> {
    let mut offset = 0;
    for line in text.split_inclusive('\n') {
        if line.len() > MAX_DEPTH && line.bytes().filter(|&b| b == b'.').count() > MAX_DEPTH {
            let bare = line.split(['"', '\'', '#', '=']).next().unwrap_or("");
            if bare.bytes().filter(|&b| b == b'.').count() > MAX_DEPTH {
                return Some(offset);
            }
        }
        offset += line.len();
    }
    None
}

struct Build<'a> {
    file: FileId,
    errors: &'a mut Vec<SyntaxError>,
}

impl Build<'_> {
    fn span(&self, range: std::ops::Range<usize>) -> Span {
        Span::new(self.file, range.start, range.end)
    }

    fn table(&mut self, table: &DeTable<'_>, depth: usize) -> Table {
        let mut out = Table::with_capacity(table.len());
        for (key, value) in table {
            let node = self.node(value.span(), value.get_ref(), depth + 1);
            let key_span = self.span(key.span());
            out.insert(key.get_ref().to_string(), Entry { key: key_span, node });
        }
        out
    }

    fn node(&mut self, range: std::ops::Range<usize>, value: &DeValue<'_>, depth: usize) -> Node {
        let span = self.span(range);
        if depth > MAX_DEPTH {
            self.errors.push(SyntaxError { span, message: format!("nested deeper than {MAX_DEPTH}") });
            return Node { span, value: Value::Table(Table::new()) };
        }
        let value = match value {
            DeValue::String(text) => Value::String(text.to_string()),
            DeValue::Integer(n) => {
                let parsed = i64::from_str_radix(n.as_str(), n.radix());
                Value::Integer(parsed.unwrap_or_else(|_| {
                    self.errors.push(SyntaxError { span, message: "an integer of more than 64 bits".into() });
                    0
                }))
            }
            DeValue::Float(n) => Value::Float(n.as_str().parse().unwrap_or(f64::NAN)),
            DeValue::Boolean(b) => Value::Bool(*b),
            DeValue::Datetime(d) => Value::Datetime(d.to_string()),
            DeValue::Array(items) => Value::Array(
                items.iter().map(|item| self.node(item.span(), item.get_ref(), depth + 1)).collect(),
            ),
            DeValue::Table(table) => Value::Table(self.table(table, depth)),
        };
        Node { span, value }
    }
}

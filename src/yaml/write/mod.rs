//! The writer: one for everything that lifeboat emits.
//!
//! It writes block style with two blanks of indentation, lists under their key indented too, empty
//! collections as `{}` and `[]`, and every text that any reader could take for something else in double
//! quotes (see [`quote`]). Texts of several lines are literal blocks where every reader agrees on those,
//! else quoted. For each line it says which leaf stands there.
//!
//! ```
//! use lifeboat::yaml::write::{Node, write};
//! let tolerations = Node::seq([Node::map([("key", "CriticalAddonsOnly".into()), ("value", "true".into())])]);
//! let root = Node::map([("tolerations", tolerations)]).comment("tolerations", "tiers.critical.lifeboat");
//! let written = write(&root);
//! assert_eq!(written.text, "\
//! ## tiers.critical.lifeboat
//! tolerations:
//!   - key: CriticalAddonsOnly
//!     value: \"true\"
//! ".replace("## ", "# "));
//! assert_eq!(written.leaves[1].line, 4);
//! assert_eq!(written.leaves[1].path, ["tolerations", "0", "value"]);
//! ```

mod quote;

pub use quote::{is_plain, quoted, scalar};

use std::borrow::Cow;

use serde_json::Value;

/// A tree to be written.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// What it is.
    pub kind: Kind,
    /// An opaque mark that comes back in [`Leaf::tag`]: of a leaf, or of an empty collection.
    pub tag: Option<u32>,
}

/// The kinds of nodes.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// Null, a boolean, a number or a text. (A collection here is written like one.)
    Leaf(Value),
    /// A map, in this order. Keys are the caller's to keep unique.
    Map(Vec<Entry>),
    /// A list.
    Seq(Vec<Item>),
}

/// A key with its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Comment lines before the key, without `#`. An empty one is a blank line.
    pub comments: Vec<String>,
    /// The key.
    pub key: String,
    /// The value.
    pub value: Node,
}

/// An element of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// Comment lines before the element, without `#`.
    pub comments: Vec<String>,
    /// The element.
    pub value: Node,
}

/// Where a leaf was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaf {
    /// Line, from 1; the first one if the leaf takes several.
    pub line: u32,
    /// Last line of the leaf.
    pub last: u32,
    /// Keys and list indices down to the leaf.
    pub path: Vec<String>,
    /// The mark of its node.
    pub tag: Option<u32>,
}

/// What [`write()`] returns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// The text; ends in a line end unless it is empty.
    pub text: String,
    /// All leaves and empty collections, top to bottom.
    pub leaves: Vec<Leaf>,
}

impl Node {
    /// A leaf.
    pub fn leaf(value: impl Into<Value>) -> Self {
        Self { kind: Kind::Leaf(value.into()), tag: None }
    }

    /// A map.
    pub fn map<K: Into<String>>(entries: impl IntoIterator<Item = (K, Node)>) -> Self {
        let entry = |(key, value): (K, Node)| Entry { comments: Vec::new(), key: key.into(), value };
        Self { kind: Kind::Map(entries.into_iter().map(entry).collect()), tag: None }
    }

    /// A list.
    pub fn seq(items: impl IntoIterator<Item = Node>) -> Self {
        let items = items.into_iter().map(|value| Item { comments: Vec::new(), value }).collect();
        Self { kind: Kind::Seq(items), tag: None }
    }

    /// Marks this node.
    #[must_use]
    pub fn tagged(mut self, tag: u32) -> Self {
        self.tag = Some(tag);
        self
    }

    /// Adds a comment before a key of this map; does nothing if there is no such key.
    #[must_use]
    pub fn comment(mut self, key: &str, text: &str) -> Self {
        if let Kind::Map(entries) = &mut self.kind
            && let Some(entry) = entries.iter_mut().find(|entry| entry.key == key)
        {
            entry.comments.extend(text.lines().map(str::to_owned));
        }
        self
    }

    /// The value at a key of this map, made (as an empty map) if it is not there; a leaf becomes a map.
    ///
    /// # Panics
    /// Never: the entry was just made.
    pub fn entry(&mut self, key: &str) -> &mut Entry {
        if !matches!(self.kind, Kind::Map(_)) {
            self.kind = Kind::Map(Vec::new());
        }
        let Kind::Map(entries) = &mut self.kind else { unreachable!("made a map above") };
        let position = entries.iter().position(|entry| entry.key == key).unwrap_or_else(|| {
            entries.push(Entry { comments: Vec::new(), key: key.to_owned(), value: Node::map::<String>([]) });
            entries.len() - 1
        });
        &mut entries[position]
    }

    /// Sets the value under a path of map keys, making maps on the way.
    pub fn set<S: AsRef<str>>(&mut self, path: &[S], value: Node) {
        let mut node = self;
        for key in path {
            node = &mut node.entry(key.as_ref()).value;
        }
        *node = value;
    }

    /// The tree without comments and marks.
    #[must_use]
    pub fn to_json(&self) -> Value {
        match &self.kind {
            Kind::Leaf(value) => value.clone(),
            Kind::Map(entries) => entries.iter().map(|e| (e.key.clone(), e.value.to_json())).collect(),
            Kind::Seq(items) => items.iter().map(|item| item.value.to_json()).collect(),
        }
    }
}

impl From<Value> for Node {
    fn from(value: Value) -> Self {
        match value {
            Value::Object(map) => Self::map(map.into_iter().map(|(key, value)| (key, value.into()))),
            Value::Array(items) => Self::seq(items.into_iter().map(Node::from)),
            leaf => Self::leaf(leaf),
        }
    }
}

impl From<&str> for Node {
    fn from(text: &str) -> Self {
        Self::leaf(text)
    }
}

/// Writes a document.
#[must_use]
pub fn write(root: &Node) -> Written {
    let mut writer = Writer { out: Written::default(), line: 1, path: Vec::new() };
    let root = &*normal(root);
    match &root.kind {
        Kind::Map(entries) if !entries.is_empty() => writer.map(entries, 0, false),
        Kind::Seq(items) if !items.is_empty() => writer.seq(items, 0, false),
        _ => writer.inline(root, 0),
    }
    writer.out
}

/// Writes documents one after the other, separated by `---`.
#[must_use]
pub fn write_all(documents: &[Node]) -> Written {
    let mut all = Written::default();
    for (n, document) in documents.iter().enumerate() {
        if n > 0 {
            all.text.push_str("---\n");
        }
        let offset = u32::try_from(all.text.matches('\n').count()).unwrap_or(u32::MAX);
        let written = write(document);
        all.text.push_str(&written.text);
        all.leaves.extend(written.leaves.into_iter().map(|leaf| Leaf {
            line: leaf.line.saturating_add(offset),
            last: leaf.last.saturating_add(offset),
            ..leaf
        }));
    }
    all
}

struct Writer {
    out: Written,
    line: u32,
    path: Vec<String>,
}

impl Writer {
    fn push(&mut self, text: &str) {
        self.out.text.push_str(text);
    }

    fn newline(&mut self) {
        self.out.text.push('\n');
        self.line = self.line.saturating_add(1);
    }

    fn indent(&mut self, indent: usize) {
        self.out.text.extend(std::iter::repeat_n(' ', indent));
    }

    fn comments(&mut self, comments: &[String], indent: usize) {
        for line in comments.iter().flat_map(|comment| comment.split('\n')) {
            // A comment is printable text: anything else could end it early for some reader.
            let text: String =
                line.chars().map(|c| if quote::is_printable(c) { c } else { '\u{fffd}' }).collect();
            let text = text.trim_end();
            if !text.is_empty() {
                self.indent(indent);
                self.push("# ");
                self.push(text);
            }
            self.newline();
        }
    }

    /// `started` tells that the indentation of the first line is written already (after `- `).
    fn map(&mut self, entries: &[Entry], indent: usize, started: bool) {
        for (n, entry) in entries.iter().enumerate() {
            let first = started && n == 0;
            // There is no line before the first key of a list's element, so its comments were written
            // before the dash.
            if !first {
                self.comments(&entry.comments, indent);
                self.indent(indent);
            }
            let key = quote::scalar(&entry.key);
            if key.len() > quote::MAX_SIMPLE_KEY {
                // Readers give up looking for the colon of a long key.
                self.push("? ");
                self.push(&key);
                self.newline();
                self.indent(indent);
            } else {
                self.push(&key);
            }
            self.push(":");
            self.path.push(entry.key.clone());
            self.value(&entry.value, indent);
            self.path.pop();
        }
    }

    fn seq(&mut self, items: &[Item], indent: usize, started: bool) {
        for (n, item) in items.iter().enumerate() {
            if !(started && n == 0) {
                self.comments(&item.comments, indent);
                if let Kind::Map(entries) = &item.value.kind
                    && let Some(first) = entries.first()
                {
                    self.comments(&first.comments, indent);
                }
                self.indent(indent);
            }
            self.push("-");
            self.path.push(n.to_string());
            let value = &*normal(&item.value);
            match &value.kind {
                Kind::Map(entries) if !entries.is_empty() => {
                    self.push(" ");
                    self.map(entries, indent + 2, true);
                }
                Kind::Seq(items) if !items.is_empty() => {
                    self.push(" ");
                    self.seq(items, indent + 2, true);
                }
                _ => {
                    self.push(" ");
                    self.inline(value, indent);
                }
            }
            self.path.pop();
        }
    }

    /// The value after `key:`.
    fn value(&mut self, node: &Node, indent: usize) {
        let node = &*normal(node);
        match &node.kind {
            Kind::Map(entries) if !entries.is_empty() => {
                self.newline();
                self.map(entries, indent + 2, false);
            }
            Kind::Seq(items) if !items.is_empty() => {
                self.newline();
                self.seq(items, indent + 2, false);
            }
            _ => {
                self.push(" ");
                self.inline(node, indent);
            }
        }
    }

    /// A leaf or an empty collection, and the end of its line.
    fn inline(&mut self, node: &Node, indent: usize) {
        let line = self.line;
        match &node.kind {
            Kind::Map(_) | Kind::Leaf(Value::Object(_)) => self.push("{}"),
            Kind::Seq(_) | Kind::Leaf(Value::Array(_)) => self.push("[]"),
            Kind::Leaf(Value::Null) => self.push("null"),
            Kind::Leaf(Value::Bool(b)) => self.push(if *b { "true" } else { "false" }),
            Kind::Leaf(Value::Number(n)) => self.push(&quote::number(n)),
            Kind::Leaf(Value::String(text)) => {
                // At column 0 a literal block could hold a line that ends the document.
                if !self.path.is_empty() && quote::is_block(text) {
                    self.block(text, indent);
                } else {
                    self.push(&quote::scalar(text));
                }
            }
        }
        self.out.leaves.push(Leaf { line, last: self.line, path: self.path.clone(), tag: node.tag });
        self.newline();
    }

    /// A literal block; the last line end is left to the caller.
    fn block(&mut self, text: &str, indent: usize) {
        self.push(if text.ends_with('\n') { "|" } else { "|-" });
        for line in text.strip_suffix('\n').unwrap_or(text).split('\n') {
            self.newline();
            if !line.is_empty() {
                self.indent(indent + 2);
                self.push(line);
            }
        }
    }
}

/// A collection that came as a leaf, as the collection that it is.
fn normal(node: &Node) -> Cow<'_, Node> {
    match &node.kind {
        Kind::Leaf(value @ (Value::Object(_) | Value::Array(_))) => {
            Cow::Owned(Node { tag: node.tag, ..Node::from(value.clone()) })
        }
        _ => Cow::Borrowed(node),
    }
}

//! Events of `saphyr-parser` to a tree, on an explicit stack: no input decides how deep we recurse.
//!
//! The parser's own loader recurses, so only its pull interface is used. Its flow nesting is limited
//! to 255; block nesting is limited here.

use std::collections::HashMap;
use std::rc::Rc;

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span as ParserSpan};

use super::map::MapBuilder;
use super::{Document, Duplicate, Error, ErrorKind, scalar};
use crate::yaml::{Budget, Entry, Node, Place, Value};

pub(super) fn load(text: &str, first_line: u32, budget: &Budget) -> Result<Document, Error> {
    let marks = text.bytes().filter(|b| matches!(b, b'[' | b']' | b'{' | b'}' | b',')).count();
    if marks > budget.flow_marks {
        let at = Place::new(first_line, 1);
        return Err(Error::budget(
            at,
            format!("{marks} brackets and commas; the limit is {}", budget.flow_marks),
        ));
    }
    if let Some(at) = text.bytes().position(|b| b < b' ' && !matches!(b, b'\t' | b'\n' | b'\r') || b == 0x7f)
    {
        let before = &text[..at];
        let line = first_line.saturating_add(u32::try_from(before.matches('\n').count()).unwrap_or(u32::MAX));
        let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
        let place = Place::new(line, u32::try_from(column).unwrap_or(u32::MAX));
        return Err(Error::new(ErrorKind::Syntax, place, "a control character")
            .help("write it as an escape in double quotes"));
    }
    let mut loader = Loader::new(budget, first_line);
    let mut parser = Parser::new_from_str(text);
    while let Some(event) = parser.next_event() {
        let (event, span) = event.map_err(|error| loader.syntax(&error, text))?;
        loader.event(event, span, text)?;
    }
    Ok(loader.finish())
}

/// A collection that is still open.
enum Open {
    Seq { items: Vec<Node>, at: Place, anchor: usize },
    Map(Box<OpenMap>),
}

struct OpenMap {
    map: MapBuilder,
    /// The key whose value comes next.
    key: Option<(Key, Place)>,
    at: Place,
    anchor: usize,
}

enum Key {
    Text(String),
    /// `<<`: the next value is merged into the map.
    Merge,
}

/// A finished subtree with its cost, so that aliases can be charged before they are copied.
struct Anchored {
    node: Node,
    nodes: usize,
    bytes: usize,
}

struct Loader<'a> {
    budget: &'a Budget,
    first_line: u32,
    stack: Vec<(Open, usize, usize)>,
    anchors: HashMap<usize, Rc<Anchored>>,
    nodes: usize,
    bytes: usize,
    copied: (usize, usize),
    documents: usize,
    document: Document,
}

impl<'a> Loader<'a> {
    fn new(budget: &'a Budget, first_line: u32) -> Self {
        Self {
            budget,
            first_line,
            stack: Vec::new(),
            anchors: HashMap::new(),
            nodes: 0,
            bytes: 0,
            copied: (0, 0),
            documents: 0,
            document: Document::default(),
        }
    }

    fn place(&self, span: ParserSpan) -> Place {
        let clamp = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let line = clamp(span.start.line()).saturating_add(self.first_line).saturating_sub(1);
        let length = if span.start.line() == span.end.line() { clamp(span.len()) } else { 0 };
        Place { line, column: clamp(span.start.col()).saturating_add(1), length }
    }

    fn syntax(&self, error: &ScanError, text: &str) -> Error {
        let at = self.place(ParserSpan::empty(*error.marker()));
        Error::new(ErrorKind::Syntax, at, error.info().to_owned())
            .hint(text, at.line.saturating_sub(self.first_line))
    }

    fn event(&mut self, event: Event<'_>, span: ParserSpan, text: &str) -> Result<(), Error> {
        let at = self.place(span);
        match event {
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => Ok(()),
            Event::DocumentStart(_) => {
                self.documents += 1;
                if self.documents > 1 {
                    return Err(Error::new(ErrorKind::Syntax, at, "a second document without `---`"));
                }
                Ok(())
            }
            Event::Alias(id) => self.alias(id, at),
            Event::Scalar(value, style, anchor, tag) => {
                let tag = tag.map_or(scalar::Tag::None, |t| scalar::Tag::new(&t.handle, &t.suffix));
                self.scalar(&value, style == ScalarStyle::Plain, tag, anchor, at)
            }
            Event::SequenceStart(anchor, _) => {
                self.open(Open::Seq { items: Vec::new(), at, anchor }, at, text)
            }
            Event::MappingStart(anchor, _) => {
                let map = OpenMap { map: MapBuilder::default(), key: None, at, anchor };
                self.open(Open::Map(Box::new(map)), at, text)
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(),
        }
    }

    /// Whether the next node is a map's key.
    fn expects_key(&self) -> bool {
        matches!(self.stack.last(), Some((Open::Map(map), ..)) if map.key.is_none())
    }

    fn charge(&mut self, nodes: usize, bytes: usize, at: Place) -> Result<(), Error> {
        self.nodes = self.nodes.saturating_add(nodes);
        self.bytes = self.bytes.saturating_add(bytes);
        if self.nodes.saturating_add(self.copied.0) > self.budget.nodes {
            return Err(Error::budget(
                at,
                format!("more than {} nodes, aliases written out", self.budget.nodes),
            ));
        }
        if self.bytes.saturating_add(self.copied.1) > self.budget.expanded_bytes {
            let mib = self.budget.expanded_bytes >> 20;
            return Err(Error::budget(at, format!("more than {mib} MiB of text, aliases written out")));
        }
        Ok(())
    }

    fn open(&mut self, open: Open, at: Place, text: &str) -> Result<(), Error> {
        if self.expects_key() {
            let what = if matches!(open, Open::Seq { .. }) { "a list as a key" } else { "a map as a key" };
            return Err(Error::refused(at, what).hint(text, at.line.saturating_sub(self.first_line)));
        }
        if self.stack.len() >= self.budget.depth {
            return Err(Error::budget(at, format!("nested deeper than {} levels", self.budget.depth)));
        }
        self.charge(1, 0, at)?;
        self.stack.push((open, self.nodes, self.bytes));
        Ok(())
    }

    fn scalar(
        &mut self,
        text: &str,
        plain: bool,
        tag: scalar::Tag,
        anchor: usize,
        at: Place,
    ) -> Result<(), Error> {
        if text.len() > self.budget.scalar_bytes {
            let (mib, limit) = (text.len() >> 20, self.budget.scalar_bytes >> 20);
            return Err(Error::budget(at, format!("a text of {mib} MiB; the limit is {limit} MiB")));
        }
        let (nodes, bytes) = (self.nodes, self.bytes);
        self.charge(1, text.len(), at)?;
        if plain && text == "<<" && tag == scalar::Tag::None && self.expects_key() {
            if let Some((Open::Map(map), ..)) = self.stack.last_mut() {
                map.key = Some((Key::Merge, at));
            }
            return Ok(());
        }
        let resolved = scalar::resolve(text, plain, tag);
        if matches!(resolved, Err(scalar::Refusal::NotFinite)) && self.expects_key() {
            let key = scalar::not_finite_key(text).to_owned();
            return self.key(Value::String(key), anchor, (nodes, bytes), at);
        }
        let value = resolved.map_err(|refusal| {
            Error::refused(
                at,
                match refusal {
                    scalar::Refusal::NotFinite => format!("`{text}` is a number that JSON cannot hold"),
                    scalar::Refusal::Tag(tag) => format!("this is no `{tag}`"),
                    scalar::Refusal::Binary => "`!!binary` that is no base64".to_owned(),
                },
            )
        })?;
        let cost = (nodes, bytes);
        if self.expects_key() {
            return self.key(value, anchor, cost, at);
        }
        self.complete(Node { at, value: scalar::through_json(value) }, anchor, cost)
    }

    fn key(&mut self, value: Value, anchor: usize, cost: (usize, usize), at: Place) -> Result<(), Error> {
        if anchor != 0 {
            self.remember(anchor, &Node { at, value: value.clone() }, cost)?;
        }
        let key = scalar::key(value).map_err(|what| Error::refused(at, what))?;
        if let Some((Open::Map(map), ..)) = self.stack.last_mut() {
            map.key = Some((Key::Text(key), at));
        }
        Ok(())
    }

    /// Keeps a copy for aliases. Copies count too, or anchors within anchors would be free.
    fn remember(&mut self, anchor: usize, node: &Node, (nodes, bytes): (usize, usize)) -> Result<(), Error> {
        let (nodes, bytes) = (self.nodes - nodes, self.bytes - bytes);
        self.copied.0 = self.copied.0.saturating_add(nodes);
        self.copied.1 = self.copied.1.saturating_add(bytes);
        self.charge(0, 0, node.at)?;
        self.anchors.insert(anchor, Rc::new(Anchored { node: node.clone(), nodes, bytes }));
        Ok(())
    }

    fn alias(&mut self, id: usize, at: Place) -> Result<(), Error> {
        let Some(anchored) = self.anchors.get(&id).cloned() else {
            return Err(Error::refused(at, "an anchor that contains itself"));
        };
        let cost = (self.nodes, self.bytes);
        self.charge(anchored.nodes, anchored.bytes, at)?;
        if self.expects_key() {
            return self.key(anchored.node.value.clone(), 0, cost, at);
        }
        self.complete(anchored.node.clone(), 0, cost)
    }

    fn close(&mut self) -> Result<(), Error> {
        let Some((open, nodes, bytes)) = self.stack.pop() else { return Ok(()) };
        let (value, at, anchor) = match open {
            Open::Seq { items, at, anchor } => (Value::Seq(items), at, anchor),
            Open::Map(map) => (Value::Map(map.map.finish()), map.at, map.anchor),
        };
        self.complete(Node { at, value }, anchor, (nodes.saturating_sub(1), bytes))
    }

    /// Hands a finished node to the collection that it belongs to.
    fn complete(&mut self, node: Node, anchor: usize, cost: (usize, usize)) -> Result<(), Error> {
        if anchor != 0 {
            self.remember(anchor, &node, cost)?;
        }
        let Some((open, ..)) = self.stack.last_mut() else {
            self.document.root = Some(node);
            return Ok(());
        };
        match open {
            Open::Seq { items, .. } => items.push(node),
            Open::Map(map) => match map.key.take() {
                Some((Key::Text(key), key_at)) => {
                    let name = key.clone();
                    if let Some(first) = map.map.set(Entry { key, key_at, value: node }) {
                        self.duplicate(name, first, key_at);
                    }
                }
                Some((Key::Merge, at)) => return map.merge(node, at),
                None => {}
            },
        }
        Ok(())
    }

    fn duplicate(&mut self, key: String, first: Place, second: Place) {
        let mut path: Vec<String> = Vec::new();
        // The innermost map has no open key any more: its step is `key`.
        for (open, ..) in &self.stack {
            match open {
                Open::Seq { items, .. } => path.push(items.len().to_string()),
                Open::Map(map) => match &map.key {
                    Some((Key::Text(key), _)) => path.push(key.clone()),
                    Some((Key::Merge, _)) => path.push("<<".to_owned()),
                    None => {}
                },
            }
        }
        path.push(key);
        self.document.duplicates.push(Duplicate { path, first, second });
    }

    fn finish(mut self) -> Document {
        // `---` alone is one empty scalar to the parser; to a reader it is an empty document.
        if matches!(&self.document.root, Some(Node { value: Value::Null, .. })) {
            self.document.root = None;
        }
        self.document
    }
}

impl OpenMap {
    /// `<<`. Go's reader merges where the key stands: what came before it is overwritten, what comes
    /// after it overwrites; of several maps the first wins. Overwriting here is no duplicate.
    fn merge(&mut self, node: Node, at: Place) -> Result<(), Error> {
        let maps = match node.value {
            Value::Map(entries) => vec![entries],
            Value::Seq(items) => {
                let mut maps = Vec::with_capacity(items.len());
                for item in items.into_iter().rev() {
                    let Value::Map(entries) = item.value else {
                        return Err(Error::refused(at, "`<<` takes maps"));
                    };
                    maps.push(entries);
                }
                maps
            }
            _ => return Err(Error::refused(at, "`<<` takes a map or a list of maps")),
        };
        for entry in maps.into_iter().flatten() {
            self.map.set(Entry { key_at: at, ..entry });
        }
        Ok(())
    }
}

impl Error {
    /// Says what a text that is no YAML probably is.
    fn hint(self, text: &str, line: u32) -> Self {
        let Some(line) = text.lines().nth(line as usize) else { return self };
        if line.contains("{{") {
            return self.help("this is a Helm template: render it with `helm template` and read the result");
        }
        if line.trim_start().contains("${") {
            return self.help("this has placeholders that another tool fills in: read its result");
        }
        self
    }
}

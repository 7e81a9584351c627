//! JSON, the form that `kubectl get -o json` prints. The YAML parser looks ahead over a whole flow
//! collection; a dump of a cluster is one, so JSON is read here, in one pass and without recursion.

use super::map::MapBuilder;
use super::{Document, Duplicate, Error, ErrorKind};
use crate::yaml::{Budget, Entry, Node, Place, Value};

/// Reads one JSON value; only blanks may follow.
pub(super) fn read(text: &str, first_line: u32, budget: &Budget) -> Result<Document, Error> {
    let mut reader = Reader {
        bytes: text.as_bytes(),
        text,
        at: 0,
        line: first_line,
        line_start: 0,
        nodes: 0,
        budget,
        document: Document::default(),
    };
    if text.len() > budget.json_bytes {
        let message = super::too_large(text.len(), budget.json_bytes);
        return Err(Error::budget(reader.place(0), message));
    }
    if text.starts_with("---") {
        reader.at = 3;
    }
    let root = reader.value()?;
    reader.blanks();
    if reader.at < reader.bytes.len() {
        return Err(reader.error("something follows the JSON value"));
    }
    reader.document.root = Some(root);
    Ok(reader.document)
}

enum Open {
    Seq(Vec<Node>, Place),
    Map(MapBuilder, Place, Option<(String, Place)>),
}

struct Reader<'a> {
    bytes: &'a [u8],
    text: &'a str,
    at: usize,
    line: u32,
    line_start: usize,
    nodes: usize,
    budget: &'a Budget,
    document: Document,
}

impl Reader<'_> {
    fn place(&self, length: usize) -> Place {
        let clamp = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        // Bytes stand in for characters on the long lines of compact JSON, where counting would be quadratic.
        let before = self.at - self.line_start;
        let column = if before < 200 {
            self.text.get(self.line_start..self.at).map_or(before, |s| s.chars().count())
        } else {
            before
        };
        Place { line: self.line, column: clamp(column).saturating_add(1), length: clamp(length) }
    }

    fn error(&self, message: &str) -> Error {
        Error::new(ErrorKind::Syntax, self.place(0), message)
    }

    fn blanks(&mut self) {
        while let Some(byte) = self.bytes.get(self.at) {
            match byte {
                b' ' | b'\t' | b'\r' => self.at += 1,
                b'\n' => {
                    self.at += 1;
                    self.line = self.line.saturating_add(1);
                    self.line_start = self.at;
                }
                _ => break,
            }
        }
    }

    fn peek(&mut self) -> Result<u8, Error> {
        self.blanks();
        self.bytes.get(self.at).copied().ok_or_else(|| self.error("the JSON text ends too early"))
    }

    fn value(&mut self) -> Result<Node, Error> {
        let mut stack: Vec<Open> = Vec::new();
        loop {
            let byte = self.peek()?;
            let place = self.place(1);
            self.nodes += 1;
            if self.nodes > self.budget.nodes {
                return Err(Error::budget(place, format!("more than {} nodes", self.budget.nodes)));
            }
            let mut node = match byte {
                b'{' | b'[' => {
                    if stack.len() >= self.budget.depth {
                        let message = format!("nested deeper than {} levels", self.budget.depth);
                        return Err(Error::budget(place, message));
                    }
                    self.at += 1;
                    let empty = self.peek()? == if byte == b'{' { b'}' } else { b']' };
                    if !empty {
                        if byte == b'{' {
                            let key = self.key()?;
                            stack.push(Open::Map(MapBuilder::default(), place, Some(key)));
                        } else {
                            stack.push(Open::Seq(Vec::new(), place));
                        }
                        continue;
                    }
                    self.at += 1;
                    Node {
                        at: place,
                        value: if byte == b'{' { Value::Map(Vec::new()) } else { Value::Seq(Vec::new()) },
                    }
                }
                _ => self.scalar(byte)?,
            };
            // Hand the node to its collection, and close as many as end here.
            loop {
                let Some(open) = stack.pop() else { return Ok(node) };
                match self.step(open, node, &stack)? {
                    Step::Closed(closed) => node = closed,
                    Step::More(open) => {
                        stack.push(open);
                        break;
                    }
                }
            }
        }
    }

    fn step(&mut self, open: Open, node: Node, outer: &[Open]) -> Result<Step, Error> {
        let next = self.peek()?;
        match open {
            Open::Seq(mut items, at) => {
                items.push(node);
                match next {
                    b',' => {
                        self.at += 1;
                        Ok(Step::More(Open::Seq(items, at)))
                    }
                    b']' => {
                        self.at += 1;
                        Ok(Step::Closed(Node { at, value: Value::Seq(items) }))
                    }
                    _ => Err(self.error("expected `,` or `]`")),
                }
            }
            Open::Map(mut entries, at, key) => {
                if let Some((key, key_at)) = key {
                    self.set(&mut entries, Entry { key, key_at, value: node }, outer);
                }
                match next {
                    b',' => {
                        self.at += 1;
                        let key = self.key()?;
                        Ok(Step::More(Open::Map(entries, at, Some(key))))
                    }
                    b'}' => {
                        self.at += 1;
                        Ok(Step::Closed(Node { at, value: Value::Map(entries.finish()) }))
                    }
                    _ => Err(self.error("expected `,` or `}`")),
                }
            }
        }
    }

    fn set(&mut self, entries: &mut MapBuilder, entry: Entry, outer: &[Open]) {
        let (key, second) = (entry.key.clone(), entry.key_at);
        let Some(first) = entries.set(entry) else { return };
        let mut path: Vec<String> = Vec::with_capacity(outer.len() + 1);
        for open in outer {
            match open {
                Open::Seq(items, _) => path.push(items.len().to_string()),
                Open::Map(_, _, key) => path.extend(key.as_ref().map(|(key, _)| key.clone())),
            }
        }
        path.push(key);
        self.document.duplicates.push(Duplicate { path, first, second });
    }

    fn key(&mut self) -> Result<(String, Place), Error> {
        if self.peek()? != b'"' {
            return Err(self.error("expected a key in double quotes"));
        }
        let at = self.place(0);
        let key = self.string()?;
        if self.peek()? != b':' {
            return Err(self.error("expected `:`"));
        }
        self.at += 1;
        let length = u32::try_from(key.len()).unwrap_or(u32::MAX).saturating_add(2);
        Ok((key, Place { length, ..at }))
    }

    fn scalar(&mut self, byte: u8) -> Result<Node, Error> {
        let at = self.place(0);
        if byte == b'"' {
            let from = self.at;
            let text = self.string()?;
            let length = u32::try_from(self.at - from).unwrap_or(u32::MAX);
            return Ok(Node { at: Place { length, ..at }, value: Value::String(text) });
        }
        let rest = &self.bytes[self.at..];
        let length = rest
            .iter()
            .take_while(|b| !matches!(b, b',' | b']' | b'}' | b' ' | b'\t' | b'\r' | b'\n'))
            .count();
        let text = self.text.get(self.at..self.at + length.min(400)).unwrap_or("");
        let value = match text {
            "null" => Value::Null,
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            _ => match serde_json::from_str::<serde_json::Number>(text) {
                Ok(number) => super::scalar::through_json(Value::Number(number)),
                Err(_) => return Err(self.error("expected a JSON value")),
            },
        };
        self.at += length;
        let length = u32::try_from(length).unwrap_or(u32::MAX);
        Ok(Node { at: Place { length, ..at }, value })
    }

    /// A text in double quotes; escapes are left to `serde_json`.
    fn string(&mut self) -> Result<String, Error> {
        let start = self.at;
        let mut at = start + 1;
        let mut escaped = false;
        loop {
            match self.bytes.get(at) {
                None | Some(b'\n') => return Err(self.error("a text without closing quote")),
                Some(b'"') => break,
                Some(b'\\') => {
                    escaped = true;
                    at += 2;
                }
                Some(_) => at += 1,
            }
        }
        if at - start > self.budget.scalar_bytes {
            let (mib, limit) = ((at - start) >> 20, self.budget.scalar_bytes >> 20);
            return Err(Error::budget(
                self.place(0),
                format!("a text of {mib} MiB; the limit is {limit} MiB"),
            ));
        }
        let raw = self.text.get(start..=at).ok_or_else(|| self.error("a broken escape"))?;
        let text = if escaped || raw.bytes().any(|b| b < 0x20) {
            serde_json::from_str(raw).map_err(|_| self.error("a broken escape"))?
        } else {
            raw[1..raw.len() - 1].to_owned()
        };
        self.at = at + 1;
        Ok(text)
    }
}

enum Step {
    Closed(Node),
    More(Open),
}

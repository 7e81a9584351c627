//! Cuts a stream of any length into documents, holding one at a time.
//!
//! A line `---` at column 0 ends a document whatever surrounds it (YAML 1.2 §9.1.2), so the cut needs no
//! parser. Two things are cut finer, because a dump of a cluster is one document: the `items` of a
//! `List` in the form that `kubectl get -o yaml` prints, and JSON values that follow one another.
//!
//! Documents are numbered from 1 as a YAML parser counts them: `---` twice in a row is an empty document,
//! comments before the first `---` are none.

use std::io::BufRead;

use super::read::too_large;
use super::{Budget, Error, ErrorKind, Place};

/// What part of a document a chunk is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// All of it.
    Whole,
    /// One element of the top-level `items`, as a list of one.
    Item(u32),
    /// The lines around the `items`: a map with `apiVersion`, `kind`, `metadata`.
    Rest,
}

/// A piece of the stream that can be read on its own.
#[derive(Clone, Debug)]
pub struct Chunk {
    /// Number of its document, from 1.
    pub document: u32,
    /// Line in the stream of the text's first line, from 1.
    pub first_line: u32,
    /// Which part of the document it is.
    pub part: Part,
    /// The text, `---` included.
    pub text: String,
}

/// The chunks of a stream. An error is about one chunk (with its place); the next ones follow, unless
/// the stream itself breaks off or has too many documents.
pub struct Chunks<R> {
    input: R,
    budget: Budget,
    line: u32,
    ended_documents: u32,
    chunk: Building,
    line_buffer: Vec<u8>,
    ended: bool,
}

#[derive(Default)]
struct Building {
    bytes: Vec<u8>,
    first_line: u32,
    /// Has `---`, a value, or anything else that makes it a document.
    content: bool,
    oversize: usize,
    mode: Mode,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Mode {
    /// Nothing but comments and directives so far.
    #[default]
    Start,
    Yaml,
    /// `apiVersion: v1` was the first line.
    AfterVersion,
    /// `items:` was the second.
    AfterItems,
    /// Within the elements of `items`; counts them.
    Items(u32),
    /// Behind the elements.
    Tail,
    Json {
        depth: u32,
        string: bool,
        escape: bool,
    },
}

impl<R: BufRead> Chunks<R> {
    /// Cuts a stream.
    pub fn new(input: R, budget: Budget) -> Self {
        Self {
            input,
            budget,
            line: 0,
            ended_documents: 0,
            chunk: Building { first_line: 1, ..Building::default() },
            line_buffer: Vec::new(),
            ended: false,
        }
    }

    /// How many documents have ended so far, empty ones included.
    #[must_use]
    pub fn documents(&self) -> u32 {
        self.ended_documents
    }

    fn limit(&self) -> usize {
        match self.chunk.mode {
            Mode::Json { .. } => self.budget.json_bytes,
            _ => self.budget.document_bytes,
        }
    }

    /// Reads one line (or a part of a line that is too long to matter) into the buffer.
    fn read_line(&mut self) -> std::io::Result<bool> {
        self.line_buffer.clear();
        loop {
            let available = match self.input.fill_buf() {
                Ok(available) => available,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if available.is_empty() {
                break;
            }
            let end = available.iter().position(|&b| b == b'\n').map(|n| n + 1);
            let length = end.unwrap_or(available.len());
            // Past the limit the text is not kept, only counted: the chunk will be refused.
            if self.chunk.bytes.len() + self.line_buffer.len() + length <= self.budget.json_bytes + 16 {
                self.line_buffer.extend_from_slice(&available[..length]);
            } else {
                self.chunk.oversize += length;
            }
            self.input.consume(length);
            if end.is_some() {
                self.line += 1;
                return Ok(true);
            }
        }
        if self.line_buffer.is_empty() && self.chunk.oversize == 0 {
            return Ok(false);
        }
        self.line += 1;
        Ok(!self.line_buffer.is_empty())
    }

    /// Ends the current chunk before the line in the buffer. `ends` tells whether its document ends, too.
    fn cut(&mut self, part: Part, ends: bool, next: Mode) -> Option<Result<Chunk, Error>> {
        let fresh = Building {
            first_line: self.line,
            mode: next,
            content: next != Mode::Start,
            ..Building::default()
        };
        let building = std::mem::replace(&mut self.chunk, fresh);
        if !building.content {
            return None;
        }
        let number = self.ended_documents.saturating_add(1);
        if number as usize > self.budget.documents {
            self.ended = true;
            let at = Place::new(building.first_line, 1);
            return Some(Err(Error::budget(at, format!("more than {} documents", self.budget.documents))));
        }
        if ends {
            self.ended_documents = number;
        }
        Some(finish(building, number, part, &self.budget))
    }

    /// Ends the document that is being built.
    fn cut_document(&mut self, next: Mode) -> Option<Result<Chunk, Error>> {
        let part = match self.chunk.mode {
            Mode::Items(n) => Part::Item(n),
            Mode::Tail => Part::Rest,
            _ => Part::Whole,
        };
        self.cut(part, true, next)
    }
}

fn finish(building: Building, document: u32, part: Part, budget: &Budget) -> Result<Chunk, Error> {
    let first_line = building.first_line;
    let at = Place::new(first_line, 1);
    let limit = match building.mode {
        Mode::Json { .. } => budget.json_bytes,
        _ => budget.document_bytes,
    };
    let length = building.bytes.len() + building.oversize;
    if length > limit {
        return Err(Error::budget(at, too_large(length, limit)));
    }
    match String::from_utf8(building.bytes) {
        Ok(text) => Ok(Chunk { document, first_line, part, text }),
        Err(error) => {
            let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
            let lines = valid.iter().filter(|&&b| b == b'\n').count();
            let line = first_line.saturating_add(u32::try_from(lines).unwrap_or(u32::MAX));
            let column = valid.iter().rev().take_while(|&&b| b != b'\n').count() + 1;
            let at = Place::new(line, u32::try_from(column).unwrap_or(u32::MAX));
            let utf16 = matches!(error.as_bytes(), [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..]);
            let message = if utf16 { "the text is UTF-16" } else { "the text is not UTF-8" };
            Err(Error::new(ErrorKind::Encoding, at, message).help("save it as UTF-8"))
        }
    }
}

/// What a line at column 0 can be.
#[derive(PartialEq, Eq)]
enum Line {
    /// `---`
    DocumentStart,
    /// `...`
    DocumentEnd,
    /// Blank, comment.
    Nothing,
    Directive,
    Content,
}

fn classify(line: &[u8]) -> Line {
    let ends = |rest: &[u8]| matches!(rest.first(), None | Some(b' ' | b'\t' | b'\r' | b'\n'));
    if line.starts_with(b"---") && ends(&line[3..]) {
        return Line::DocumentStart;
    }
    if line.starts_with(b"...") && ends(&line[3..]) {
        return Line::DocumentEnd;
    }
    match line.iter().find(|b| !matches!(b, b' ' | b'\t' | b'\r' | b'\n')) {
        None | Some(b'#') => Line::Nothing,
        Some(b'%') if line[0] == b'%' => Line::Directive,
        Some(_) => Line::Content,
    }
}

impl<R: BufRead> Iterator for Chunks<R> {
    type Item = Result<Chunk, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.ended {
            match self.read_line() {
                Ok(true) => {}
                Ok(false) => {
                    self.ended = true;
                    self.line += 1;
                    return self.cut_document(Mode::Start);
                }
                Err(error) => {
                    self.ended = true;
                    let at = Place::new(self.line.saturating_add(1), 1);
                    return Some(Err(Error::new(
                        ErrorKind::Encoding,
                        at,
                        format!("the input broke off: {error}"),
                    )));
                }
            }
            let cut = self.line();
            if self.chunk.bytes.len() <= self.limit() {
                let line = std::mem::take(&mut self.line_buffer);
                self.chunk.bytes.extend_from_slice(&line);
                self.line_buffer = line;
            } else {
                self.chunk.oversize += self.line_buffer.len();
            }
            if let Some(chunk) = cut {
                return Some(chunk);
            }
        }
        None
    }
}

impl<R: BufRead> Chunks<R> {
    /// Looks at the line in the buffer and cuts before it where it starts something new.
    fn line(&mut self) -> Option<Result<Chunk, Error>> {
        let line = self.line_buffer.strip_prefix(b"\xEF\xBB\xBF".as_slice()).unwrap_or(&self.line_buffer);
        match classify(line) {
            Line::DocumentStart => {
                let inline = line[3..].iter().any(|b| !b.is_ascii_whitespace() && *b != b'#');
                // Comments and directives belong to the document that starts here.
                let cut = if self.chunk.content { self.cut_document(Mode::Start) } else { None };
                self.chunk.content = true;
                if inline {
                    self.chunk.mode = Mode::Yaml;
                }
                cut
            }
            Line::DocumentEnd => {
                let cut = self.cut_document(Mode::Start);
                // The line itself is dropped: it would be an empty document of its own.
                self.chunk.first_line = self.chunk.first_line.saturating_add(1);
                self.line_buffer.clear();
                cut
            }
            Line::Nothing | Line::Directive => {
                if let Mode::Json { depth: 0, .. } = self.chunk.mode {
                    return self.cut_document(Mode::Start);
                }
                None
            }
            Line::Content => self.content(),
        }
    }

    fn content(&mut self) -> Option<Result<Chunk, Error>> {
        let line = self.line_buffer.strip_prefix(b"\xEF\xBB\xBF".as_slice()).unwrap_or(&self.line_buffer);
        let top = !matches!(line.first(), Some(b' ' | b'\t'));
        let trimmed = line.trim_ascii_end();
        let mode = self.chunk.mode;
        match mode {
            Mode::Start => {
                self.chunk.content = true;
                self.chunk.mode = match line.first() {
                    Some(b'{' | b'[') => json(line, (0, false, false)),
                    _ if trimmed == b"apiVersion: v1" => Mode::AfterVersion,
                    _ => Mode::Yaml,
                };
                None
            }
            Mode::AfterVersion => {
                self.chunk.mode = if trimmed == b"items:" { Mode::AfterItems } else { Mode::Yaml };
                None
            }
            Mode::AfterItems if line.starts_with(b"- apiVersion:") => {
                // The two lines before the first element say nothing that is needed.
                self.chunk = Building {
                    first_line: self.line,
                    content: true,
                    mode: Mode::Items(0),
                    ..Building::default()
                };
                None
            }
            Mode::AfterItems => {
                self.chunk.mode = Mode::Yaml;
                None
            }
            Mode::Items(n) if line.starts_with(b"- ") => {
                self.cut(Part::Item(n), false, Mode::Items(n.saturating_add(1)))
            }
            Mode::Items(n) if top => self.cut(Part::Item(n), false, Mode::Tail),
            Mode::Json { depth: 0, .. } if matches!(line.first(), Some(b'{' | b'[')) => {
                let next = json(line, (0, false, false));
                self.cut_document(next)
            }
            Mode::Json { depth, string, escape } => {
                self.chunk.mode = json(line, (depth, string, escape));
                None
            }
            Mode::Items(_) | Mode::Tail | Mode::Yaml => None,
        }
    }
}

/// Follows brackets and quotes through a line of JSON.
fn json(line: &[u8], (mut depth, mut string, mut escape): (u32, bool, bool)) -> Mode {
    for byte in line {
        if string {
            match byte {
                _ if escape => escape = false,
                b'\\' => escape = true,
                b'"' => string = false,
                _ => {}
            }
        } else {
            match byte {
                b'"' => string = true,
                b'{' | b'[' => depth = depth.saturating_add(1),
                b'}' | b']' => depth = depth.saturating_sub(1),
                _ => {}
            }
        }
    }
    Mode::Json { depth, string, escape }
}

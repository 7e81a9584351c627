//! Policies that build on others: `extends = "../base.toml"`. Bases are merged key by key before
//! anything is checked, so that a site sees one policy in which every value still knows its own file.
//!
//! Tables merge, everything else is replaced by the later file; a key that ends in `+` appends its
//! list to what the bases gave (`"values+" = [...]`; the quotes are TOML's wish).

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::tree::{self, Entry, Node, SyntaxError, Table, Value};
use super::{FileId, SourceMap, Span};

/// Largest policy or base that is read, in bytes.
pub const MAX_BYTES: u64 = 1 << 20;

/// Longest chain of files that extend each other.
pub const MAX_CHAIN: usize = 16;

/// Most files that one policy may be made of, diamonds counted each time.
pub const MAX_FILES: usize = 64;

/// Most places of one file that are reported as not TOML; the rest are counted.
pub const MAX_SYNTAX_ERRORS: usize = 100;

/// Why a source could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoadError {
    /// There is no such file.
    NotFound,
    /// The path is a folder.
    IsFolder,
    /// Larger than the budget.
    TooLarge {
        /// Size in bytes, if known.
        bytes: Option<u64>,
        /// The budget in bytes.
        limit: u64,
    },
    /// Not UTF-8 at this byte offset.
    NotUtf8 {
        /// Offset of the first bad byte.
        offset: usize,
    },
    /// Whatever else the system says, one line.
    Other(String),
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound => f.write_str("there is no such file"),
            Self::IsFolder => f.write_str("it is a folder"),
            Self::TooLarge { limit, .. } => write!(f, "it has more than {limit} bytes"),
            Self::NotUtf8 { offset } => write!(f, "byte {offset} is not UTF-8"),
            Self::Other(text) => f.write_str(text),
        }
    }
}

/// Reads texts by name; the binary's reads files, a test's reads a map.
pub trait Loader {
    /// The text behind a name (a path with `/`), of at most `limit` bytes.
    ///
    /// # Errors
    /// Says why there is none.
    fn load(&self, name: &str, limit: u64) -> Result<String, LoadError>;

    /// The names that a glob matches, sorted; a pattern without wildcards is matched by itself if it is there.
    ///
    /// # Errors
    /// Says why they cannot be listed.
    fn list(&self, _glob: &str) -> Result<Vec<String>, LoadError> {
        Err(LoadError::Other("files cannot be listed here".to_owned()))
    }

    /// A base that was read before, its own bases merged into it, if there is one. Its spans lie in files that every
    /// source map of the run starts with.
    fn base(&self, _name: &str) -> Option<&Table> {
        None
    }
}

/// A loader over texts in memory.
impl Loader for BTreeMap<String, String> {
    fn load(&self, name: &str, limit: u64) -> Result<String, LoadError> {
        let text = self.get(name).ok_or(LoadError::NotFound)?;
        match text.len() as u64 {
            n if n > limit => Err(LoadError::TooLarge { bytes: Some(n), limit }),
            _ => Ok(text.clone()),
        }
    }

    fn list(&self, glob: &str) -> Result<Vec<String>, LoadError> {
        matching(glob, self.keys().map(String::as_str))
    }
}

/// The names among some that a glob matches, in their order: `*` and `?` stay within a folder, `**` does not.
///
/// # Errors
/// The pattern is none.
pub fn matching<'n>(glob: &str, names: impl Iterator<Item = &'n str>) -> Result<Vec<String>, LoadError> {
    let pattern = glob::Pattern::new(glob).map_err(|error| LoadError::Other(error.to_string()))?;
    let within = glob::MatchOptions {
        case_sensitive: true,
        require_literal_separator: true,
        require_literal_leading_dot: true,
    };
    Ok(names.filter(|name| pattern.matches_with(name, within)).map(str::to_owned).collect())
}

/// What can go wrong while a policy and its bases are put together.
#[derive(Clone, Debug)]
pub enum Problem {
    /// A file could not be read; `from` is the `extends` that names it, if it is a base.
    Load {
        /// The file's name.
        name: String,
        /// Why.
        error: LoadError,
        /// Who asked for it.
        from: Option<Span>,
    },
    /// A file has no content but blanks and comments.
    Empty {
        /// The file.
        file: FileId,
    },
    /// A file is not TOML.
    Syntax(SyntaxError),
    /// `extends` is neither a string nor a list of strings.
    NotAName {
        /// The value.
        span: Span,
        /// Its type in words.
        kind: &'static str,
    },
    /// A file extends itself; the spans are the `extends` values along the cycle, the closing one last.
    Cycle(Vec<(String, Span)>),
    /// The chain of bases is longer than [`MAX_CHAIN`], or made of more than [`MAX_FILES`].
    TooLong {
        /// The `extends` that exceeds it.
        span: Span,
    },
    /// `key+` where the base's value is no list, or with a value that is none.
    NotAList {
        /// The appending key.
        span: Span,
        /// The base's value, where it is at fault.
        base: Option<Span>,
        /// The type found, in words.
        kind: &'static str,
    },
}

/// Reads a policy with all of its bases into one tree. Problems are collected; the tree holds what
/// could be read.
pub fn read(loader: &dyn Loader, sources: &mut SourceMap, name: &str) -> (Node, Vec<Problem>) {
    let mut read = Read { loader, sources, problems: Vec::new(), chain: Vec::new(), files: 0 };
    let node = read.file(name, None);
    let empty = Node { span: Span::new(FileId(0), 0, 0), value: Value::Table(Table::new()) };
    (node.unwrap_or(empty), read.problems)
}

/// Reads a base with its own bases for the policies of a fleet; `None` if anything is wrong with it, which each
/// policy that extends it then reports by itself.
pub fn read_base(loader: &dyn Loader, sources: &mut SourceMap, name: &str) -> Option<Table> {
    let before = sources.clone();
    let (node, problems) = read(loader, sources, name);
    match node.value {
        Value::Table(table) if problems.is_empty() => Some(table),
        _ => {
            *sources = before;
            None
        }
    }
}

/// What a policy's own text extends, as names; empty if it cannot be read.
#[must_use]
pub fn bases_of(name: &str, text: &str) -> Vec<String> {
    // A top-level key stands above the first header, and most of a policy stands below it.
    let header = text
        .match_indices('\n')
        .find(|(at, _)| text[at + 1..].trim_start_matches([' ', '\t']).starts_with('['));
    let top = header.map_or(text, |(at, _)| &text[..at]);
    let (node, _) = tree::parse(FileId(0), top);
    let Value::Table(mut own) = node.value else { return Vec::new() };
    let Some(extends) = own.shift_remove("extends") else { return Vec::new() };
    let items = match extends.node.value {
        Value::Array(items) => items,
        _ => vec![extends.node],
    };
    let name_of = |item: &Node| match &item.value {
        Value::String(base) => Some(relative(name, base)),
        _ => None,
    };
    items.iter().filter_map(name_of).collect()
}

struct Read<'a> {
    loader: &'a dyn Loader,
    sources: &'a mut SourceMap,
    problems: Vec<Problem>,
    /// The files being read, outermost first, each with the `extends` that asked for it.
    chain: Vec<(String, Option<Span>)>,
    files: usize,
}

impl Read<'_> {
    fn file(&mut self, name: &str, from: Option<Span>) -> Option<Node> {
        if let Some(start) = self.chain.iter().position(|(other, _)| other == name) {
            let mut cycle: Vec<_> = self.chain[start + 1..]
                .iter()
                .filter_map(|(name, span)| Some((name.clone(), (*span)?)))
                .collect();
            cycle.extend(from.map(|span| (name.to_owned(), span)));
            self.problems.push(Problem::Cycle(cycle));
            return None;
        }
        self.files += 1;
        if let Some(span) = from
            && (self.chain.len() >= MAX_CHAIN || self.files > MAX_FILES)
        {
            self.problems.push(Problem::TooLong { span });
            return None;
        }
        if let (Some(span), Some(known)) = (from, self.loader.base(name)) {
            return Some(Node { span, value: Value::Table(known.clone()) });
        }
        let text: Arc<str> = match self.loader.load(name, MAX_BYTES) {
            Ok(text) => text.into(),
            Err(error) => {
                self.problems.push(Problem::Load { name: name.to_owned(), error, from });
                return None;
            }
        };
        let file = self.sources.add(name, Arc::clone(&text));
        let (node, mut errors) = tree::parse(file, &text);
        let broken = !errors.is_empty();
        if let (Some(more), Some(next)) =
            (errors.len().checked_sub(MAX_SYNTAX_ERRORS), errors.get(MAX_SYNTAX_ERRORS))
        {
            let next = SyntaxError {
                span: next.span,
                message: format!("here, and at {more} places in all from here on"),
            };
            errors.truncate(MAX_SYNTAX_ERRORS);
            errors.push(next);
        }
        self.problems.extend(errors.into_iter().map(Problem::Syntax));
        let Value::Table(mut own) = node.value else { return None };
        if own.is_empty() && !broken {
            self.problems.push(Problem::Empty { file });
        }
        self.chain.push((name.to_owned(), from));
        let merged = self.bases(name, &mut own);
        self.chain.pop();
        let merged = match merged {
            Some(base) => self.merge(base, own),
            None => self.merge(Table::new(), own),
        };
        Some(Node { span: node.span, value: Value::Table(merged) })
    }

    /// Takes `extends` out of a table and reads what it names, later bases over earlier ones.
    fn bases(&mut self, name: &str, own: &mut Table) -> Option<Table> {
        let extends = own.shift_remove("extends")?;
        let items = match extends.node.value {
            Value::Array(items) => items,
            _ => vec![extends.node],
        };
        let mut merged: Option<Table> = None;
        for item in items {
            let Value::String(base) = &item.value else {
                self.problems.push(Problem::NotAName { span: item.span, kind: item.value.kind() });
                continue;
            };
            let Some(node) = self.file(&relative(name, base), Some(item.span)) else { continue };
            if let Value::Table(table) = node.value {
                merged = Some(match merged {
                    Some(below) => self.merge(below, table),
                    None => table,
                });
            }
        }
        merged
    }

    fn merge(&mut self, mut base: Table, over: Table) -> Table {
        for (key, mut entry) in over {
            if let Some(plain) = key.strip_suffix('+').filter(|plain| !plain.is_empty()) {
                self.append(&mut base, plain, entry);
                continue;
            }
            match base.get_mut(&key) {
                Some(Entry { node: Node { value: Value::Table(below), span }, key: key_span })
                    if matches!(entry.node.value, Value::Table(_)) =>
                {
                    let Value::Table(above) = entry.node.value else { continue };
                    let below_table = std::mem::take(below);
                    *below = self.merge(below_table, above);
                    (*span, *key_span) = (entry.node.span, entry.key);
                }
                Some(below) => *below = entry,
                None => {
                    if let Value::Table(inner) = entry.node.value {
                        entry.node.value = Value::Table(self.merge(Table::new(), inner));
                    }
                    base.insert(key, entry);
                }
            }
        }
        base
    }

    fn append(&mut self, base: &mut Table, key: &str, entry: Entry) {
        let Value::Array(more) = entry.node.value else {
            let kind = entry.node.value.kind();
            self.problems.push(Problem::NotAList { span: entry.node.span, base: None, kind });
            return;
        };
        match base.get_mut(key) {
            None => {
                let node = Node { span: entry.node.span, value: Value::Array(more) };
                base.insert(key.to_owned(), Entry { key: entry.key, node });
            }
            Some(Entry { node: Node { value: Value::Array(items), .. }, .. }) => items.extend(more),
            Some(below) => self.problems.push(Problem::NotAList {
                span: entry.key,
                base: Some(below.node.span),
                kind: below.node.value.kind(),
            }),
        }
    }
}

/// A base's name relative to the file that names it, with `.` and `..` resolved by text, so that a
/// cycle through `a/../a` is seen and no file system is asked. An absolute name stays.
#[must_use]
pub fn relative(file: &str, base: &str) -> String {
    if base.starts_with('/') {
        return base.to_owned();
    }
    let folder = file.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut parts: Vec<&str> = Vec::new();
    for part in folder.split('/').chain(base.split('/')) {
        match part {
            "." => {}
            "" if !parts.is_empty() || folder.is_empty() => {}
            ".." if parts.last().is_some_and(|last| !matches!(*last, ".." | "")) => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// The path that leads from a folder to a file, both as texts from the same place; the file's own path if one of them is
/// absolute and the other is not, or if the way leads through an unknown folder.
#[must_use]
pub fn between(folder: &str, file: &str) -> String {
    let (from, to) = (relative("", folder), relative("", file));
    if from.starts_with('/') != to.starts_with('/') {
        return file.to_owned();
    }
    let parts = |text: &str| -> Vec<String> {
        text.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect()
    };
    let (from, to) = (parts(&from), parts(&to));
    let common = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    if from[common..].iter().any(|part| part == "..") {
        return file.to_owned();
    }
    let up = from[common..].iter().map(|_| "..");
    let down = to[common..].iter().map(String::as_str);
    up.chain(down).collect::<Vec<_>>().join("/")
}

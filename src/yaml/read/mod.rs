//! The reader: text of one document in, tree with places out.

mod error;
mod json;
mod load;
mod map;
mod scalar;

pub use error::{Error, ErrorKind};

use super::{Budget, Node, Place};

/// A key that occurs twice in one map. Go keeps the last; whoever wrote the first is ignored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Duplicate {
    /// Keys and list indices down to the key.
    pub path: Vec<String>,
    /// The place of the ignored key.
    pub first: Place,
    /// The place of the key that wins.
    pub second: Place,
}

/// One document.
#[derive(Clone, Debug, Default)]
pub struct Document {
    /// Its tree; none if the document is empty or holds comments only.
    pub root: Option<Node>,
    /// Keys that occur twice, in the order of the second one.
    pub duplicates: Vec<Duplicate>,
}

/// Reads one document as Go's `sigs.k8s.io/yaml` does. JSON is recognised by its first character.
///
/// `first_line` is the line number of the text's first line in its file.
///
/// # Errors
/// With place if the text is no YAML, if Go would refuse it, or if it exceeds the budget.
pub fn read(text: &str, first_line: u32, budget: &Budget) -> Result<Document, Error> {
    let body = text.strip_prefix('\u{feff}').unwrap_or(text);
    let start = body.trim_start_matches("---").trim_start_matches([' ', '\t', '\r', '\n']);
    let json = if start.starts_with(['{', '[']) {
        match json::read(body, first_line, budget) {
            Ok(document) => return Ok(document),
            Err(error) if error.kind == ErrorKind::Budget => return Err(error),
            Err(error) => Some(error),
        }
    } else {
        None
    };
    if body.len() > budget.document_bytes {
        let at = Place::new(first_line, 1);
        return Err(json.unwrap_or_else(|| Error::budget(at, too_large(body.len(), budget.document_bytes))));
    }
    load::load(body, first_line, budget)
}

/// Reads all documents of a text that is in memory. Empty documents count.
///
/// # Errors
/// The first error of any document.
pub fn read_all(text: &str, budget: &Budget) -> Result<Vec<Document>, Error> {
    super::stream::Chunks::new(text.as_bytes(), *budget)
        .map(|chunk| chunk.and_then(|chunk| read(&chunk.text, chunk.first_line, budget)))
        .collect()
}

/// Wording shared with the splitter.
pub(super) fn too_large(bytes: usize, limit: usize) -> String {
    let mib = |n: usize| n.div_ceil(1 << 20);
    format!("a document of {} MiB; the limit is {} MiB", mib(bytes), mib(limit))
}

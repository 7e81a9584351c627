//! Changing a policy's text without touching anything else in it.

use similar::TextDiff;
use toml_edit::{DocumentMut, Item, Table, Value};

/// Lines of context in a diff.
const AROUND: usize = 2;

/// One value to be written at a path, or taken away from it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edit {
    /// Keys from the root.
    pub path: Vec<String>,
    /// The value, in TOML; `None` takes the key out.
    pub value: Option<String>,
}

impl Edit {
    /// An edit at a dotted path whose keys have no dots of their own.
    #[must_use]
    pub fn new(path: &str, value: impl Into<String>) -> Self {
        Self { path: path.split('.').map(str::to_owned).collect(), value: Some(value.into()) }
    }

    /// Takes a key out.
    #[must_use]
    pub fn remove(path: &str) -> Self {
        Self { path: path.split('.').map(str::to_owned).collect(), value: None }
    }
}

/// The text with the edits made; comments and everything else stay. `None` if the text is not TOML or a path
/// leads through something that is no table.
#[must_use]
pub fn apply(text: &str, edits: &[Edit]) -> Option<String> {
    let mut document: DocumentMut = text.parse().ok()?;
    for edit in edits {
        let (last, tables) = edit.path.split_last()?;
        let mut at: &mut Item = document.as_item_mut();
        for key in tables {
            let table = at.as_table_like_mut()?;
            if !table.contains_key(key) {
                let mut new = Table::new();
                new.set_implicit(true);
                table.insert(key, Item::Table(new));
            }
            at = table.get_mut(key)?;
        }
        let table = at.as_table_like_mut()?;
        let Some(text) = &edit.value else {
            table.remove(last);
            continue;
        };
        let mut value: Value = text.parse().ok()?;
        if let Some(old) = table.get(last).and_then(Item::as_value) {
            *value.decor_mut() = old.decor().clone();
        }
        match table.get_mut(last) {
            Some(item) => *item = Item::Value(value),
            None => {
                table.insert(last, Item::Value(value));
            }
        }
    }
    Some(document.to_string())
}

/// The change as a unified diff of the file.
#[must_use]
pub fn diff(name: &str, before: &str, after: &str) -> String {
    let diff = TextDiff::from_lines(before, after);
    diff.unified_diff().context_radius(AROUND).header(&format!("a/{name}"), &format!("b/{name}")).to_string()
}

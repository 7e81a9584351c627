//! A map while it is being read: finds duplicate keys without a search that grows with the square.

use std::collections::HashMap;

use crate::yaml::{Entry, Place};

/// From how many keys on a map gets an index. Smaller ones are searched, which is faster.
const INDEX_FROM: usize = 16;

#[derive(Default)]
pub(super) struct MapBuilder {
    entries: Vec<Entry>,
    index: HashMap<String, usize>,
}

impl MapBuilder {
    fn position(&self, key: &str) -> Option<usize> {
        if self.entries.len() < INDEX_FROM {
            self.entries.iter().position(|e| e.key == key)
        } else {
            self.index.get(key).copied()
        }
    }

    /// Sets a key; returns the place of an earlier equal one. The last one wins, and stands where the
    /// first stood.
    pub(super) fn set(&mut self, entry: Entry) -> Option<Place> {
        if let Some(position) = self.position(&entry.key) {
            let first = self.entries[position].key_at;
            self.entries[position] = entry;
            return Some(first);
        }
        self.entries.push(entry);
        let last = self.entries.len() - 1;
        if last + 1 == INDEX_FROM {
            self.index = self.entries.iter().enumerate().map(|(i, e)| (e.key.clone(), i)).collect();
        } else if last >= INDEX_FROM {
            self.index.insert(self.entries[last].key.clone(), last);
        }
        None
    }

    pub(super) fn finish(self) -> Vec<Entry> {
        self.entries
    }
}

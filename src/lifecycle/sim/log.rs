//! What happened in a run. Runs are copied where they part, and by then most of their log is the past of all of them:
//! it is held once.

use std::ops::Index;
use std::sync::Arc;

use super::Event;

/// The entries of a run's log, in their order.
#[derive(Clone, Debug, Default)]
pub struct Log {
    /// Parts that copies share, each with the number of entries before it.
    sealed: Vec<(usize, Arc<Vec<Event>>)>,
    /// Entries in the shared parts.
    before: usize,
    /// What happened since.
    open: Vec<Event>,
}

impl Log {
    /// Number of entries.
    #[must_use]
    pub fn len(&self) -> usize {
        self.before + self.open.len()
    }

    /// Whether nothing happened yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The entry of this number.
    #[must_use]
    pub fn get(&self, at: usize) -> Option<&Event> {
        if let Some(open) = at.checked_sub(self.before) {
            return self.open.get(open);
        }
        let part = self.sealed.partition_point(|(start, _)| *start <= at).checked_sub(1)?;
        let (start, events) = &self.sealed[part];
        events.get(at - start)
    }

    /// All entries.
    pub fn iter(&self) -> impl Iterator<Item = &Event> {
        self.sealed.iter().flat_map(|(_, events)| events.iter()).chain(&self.open)
    }

    /// The entries from one number on, each with its number.
    pub fn since(&self, from: usize) -> impl Iterator<Item = (usize, &Event)> {
        let part = self.sealed.partition_point(|(start, events)| start + events.len() <= from);
        let sealed = self.sealed[part..].iter().flat_map(|(start, events)| (*start..).zip(events.iter()));
        sealed.chain((self.before..).zip(&self.open)).skip_while(move |(at, _)| *at < from)
    }

    pub(super) fn push(&mut self, event: Event) {
        self.open.push(event);
    }

    /// From now on copies share everything up to here.
    pub(super) fn seal(&mut self) {
        if !self.open.is_empty() {
            let events = std::mem::take(&mut self.open);
            let start = self.before;
            self.before += events.len();
            self.sealed.push((start, Arc::new(events)));
        }
    }
}

impl Index<usize> for Log {
    type Output = Event;

    /// # Panics
    /// If there is no such entry.
    fn index(&self, at: usize) -> &Event {
        self.get(at).unwrap_or_else(|| panic!("entry {at} of a log of {}", self.len()))
    }
}

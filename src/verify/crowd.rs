//! Workloads beyond those that are remembered one by one: how many have which answer, by namespace and
//! class, because that is what classes that come later in the input decide about.

use std::collections::BTreeMap;

use super::Answer;
use super::record::Record;
use crate::manifest::Origin;

/// What workloads of the crowd have in common.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Kind {
    /// Whether the policy has nothing to do with them.
    pub(super) foreign: bool,
    pub(super) namespace: Box<str>,
    pub(super) class: Box<str>,
}

/// Workloads of one kind.
pub(super) struct Group {
    /// The first of them, and where it names its class.
    pub(super) title: String,
    pub(super) origin: Origin,
    pub(super) answers: BTreeMap<Answer, usize>,
}

impl Group {
    /// How many there are.
    pub(super) fn size(&self) -> usize {
        self.answers.values().sum()
    }

    /// Takes all that can be read for violating.
    pub(super) fn violate(&mut self) {
        let unread = self.answers.remove(&Answer::CouldNotRead);
        let rest = std::mem::take(&mut self.answers).into_values().sum();
        self.answers.insert(Answer::Violates, rest);
        self.answers.extend(unread.map(|n| (Answer::CouldNotRead, n)));
    }
}

/// Workloads that are counted.
#[derive(Default)]
pub(super) struct Crowd {
    pub(super) groups: BTreeMap<Kind, Group>,
    /// Those of further kinds.
    pub(super) others: BTreeMap<Answer, usize>,
}

impl Crowd {
    /// Counts a workload; at most `kinds` kinds are told apart.
    pub(super) fn add(&mut self, record: &Record, kinds: usize) {
        let answer = record.answer(record.violates);
        let kind = Kind {
            foreign: record.carrier().is_none(),
            namespace: (&*record.namespace).into(),
            class: (&*record.class).into(),
        };
        let full = self.groups.len() >= kinds;
        let answers = match self.groups.get_mut(&kind) {
            Some(group) => &mut group.answers,
            None if full => &mut self.others,
            None => {
                let origin = record.class_origin().unwrap_or(&record.origin).clone();
                let group = Group { title: record.to_string(), origin, answers: BTreeMap::new() };
                &mut self.groups.entry(kind).or_insert(group).answers
            }
        };
        *answers.entry(answer).or_default() += 1;
    }

    /// How many there are, and how many of these are of further kinds.
    pub(super) fn size(&self) -> (usize, usize) {
        let others = self.others.values().sum();
        (self.groups.values().map(Group::size).sum::<usize>() + others, others)
    }

    /// All answers.
    pub(super) fn answers(&self) -> BTreeMap<Answer, usize> {
        let mut all = self.others.clone();
        for (answer, n) in self.groups.values().flat_map(|group| &group.answers) {
            *all.entry(*answer).or_default() += n;
        }
        all
    }
}

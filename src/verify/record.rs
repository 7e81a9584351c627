//! A workload in the few words that rules about the whole need. There may be a hundred thousand of them, so words
//! that many share are kept once, and labels without a tree.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Finding;
use super::matching::Match;
use crate::cluster::WorkloadKind;
use crate::kube::{LabelSet, Labels};
use crate::manifest::Origin;
use crate::plan::CarrierId;
use crate::rules::selectors::Term;

/// A workload of the input.
pub(super) struct Record {
    pub(super) title: String,
    /// Kind of the object as it was read; the workload's own may differ (`Prometheus`).
    pub(super) object_kind: Arc<str>,
    /// Name of the object, where the workload's own differs.
    pub(super) object_name: Option<Box<str>>,
    pub(super) kind: WorkloadKind,
    pub(super) namespace: Arc<str>,
    pub(super) name: Box<str>,
    pub(super) labels: Packed,
    pub(super) replicas: i32,
    pub(super) class: Arc<str>,
    /// Where it names its class, if it names one.
    pub(super) class_origin: Option<Box<Origin>>,
    pub(super) terms: Vec<(Term, Origin)>,
    pub(super) matched: Match,
    /// The service that it looks like, of which it is not.
    pub(super) looks_like: Option<usize>,
    /// Kind and name of the controller that made it.
    pub(super) owner: Option<Box<(String, String)>>,
    pub(super) origin: Origin,
    pub(super) findings: Vec<Finding>,
    /// The API would refuse it: its fields are empty.
    pub(super) unread: bool,
}

impl Record {
    /// The object's name.
    pub(super) fn object_name(&self) -> &str {
        self.object_name.as_deref().unwrap_or(&self.name)
    }

    /// The planned carrier that it is.
    pub(super) fn carrier(&self) -> Option<CarrierId> {
        if let Match::Carrier(id) = self.matched { Some(id) } else { None }
    }
}

/// Words that many records share.
#[derive(Default)]
pub(super) struct Words(BTreeSet<Arc<str>>);

impl Words {
    /// Lets a record use the words that are known already.
    pub(super) fn share(&mut self, record: &mut Record) {
        for word in [&mut record.object_kind, &mut record.namespace, &mut record.class] {
            match self.0.get(&**word) {
                Some(known) => *word = known.clone(),
                None => drop(self.0.insert(word.clone())),
            }
        }
    }
}

/// Labels as one text: `key`, NUL, `value`, NUL. Neither a key nor a value of a label holds one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Packed(Box<str>);

impl Packed {
    pub(super) fn of(labels: &Labels) -> Self {
        let mut text = String::with_capacity(labels.iter().map(|(k, v)| k.len() + v.len() + 2).sum());
        for (key, value) in labels.iter().filter(|(key, value)| !key.contains('\0') && !value.contains('\0'))
        {
            text.push_str(key);
            text.push('\0');
            text.push_str(value);
            text.push('\0');
        }
        Self(text.into_boxed_str())
    }
}

impl LabelSet for Packed {
    fn label(&self, wanted: &str) -> Option<&str> {
        let mut words = self.0.split_terminator('\0');
        while let (Some(key), Some(value)) = (words.next(), words.next()) {
            if key == wanted {
                return Some(value);
            }
        }
        None
    }
}

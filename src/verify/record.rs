//! A workload in the few words that rules about the whole need. There may be a hundred thousand of them, so words
//! that many share are kept once, and labels without a tree.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use super::matching::Match;
use super::{Answer, Finding};
use crate::cluster::{Workload, WorkloadKind};
use crate::kube::{LabelSet, Labels};
use crate::manifest::{Object, Origin};
use crate::plan::CarrierId;
use crate::rules::selectors::Term;

/// A workload of the input.
pub(super) struct Record {
    /// Kind of the object as it was read; the workload's own may differ (`Prometheus`).
    pub(super) object_kind: Arc<str>,
    pub(super) kind: WorkloadKind,
    pub(super) namespace: Arc<str>,
    pub(super) name: Box<str>,
    pub(super) labels: Packed,
    pub(super) replicas: i32,
    pub(super) class: Arc<str>,
    pub(super) matched: Match,
    pub(super) origin: Origin,
    /// The API would refuse it: its fields are empty.
    pub(super) unread: bool,
    /// Something fails on it that is counted and not told.
    pub(super) violates: bool,
    /// What most workloads do not have.
    rare: Option<Box<Rare>>,
}

/// What most workloads do not have.
#[derive(Default)]
pub(super) struct Rare {
    /// Name of the object, where the workload's own differs.
    pub(super) object_name: Option<Box<str>>,
    /// The namespace in which it was rendered, where it is installed in another.
    pub(super) object_namespace: Option<Box<str>>,
    /// Where it names its class.
    pub(super) class_origin: Option<Origin>,
    pub(super) terms: Vec<(Term, Origin)>,
    /// The service that it looks like, of which it is not.
    pub(super) looks_like: Option<usize>,
    /// Kind and name of the controller that made it.
    pub(super) owner: Option<(String, String)>,
    pub(super) findings: Vec<Finding>,
}

/// What every record has.
pub(super) struct Common<'a> {
    pub(super) object: &'a Object,
    pub(super) workload: Workload,
    pub(super) matched: Match,
    pub(super) unread: bool,
}

impl Record {
    /// A record, of which the rest is told where it is not empty.
    pub(super) fn new(common: Common<'_>, mut rare: Rare) -> Self {
        let Common { object, workload, matched, unread } = common;
        rare.object_name = (object.name != workload.name).then(|| object.name.as_str().into());
        rare.object_namespace =
            (object.namespace != workload.namespace).then(|| object.namespace.as_str().into());
        Self {
            object_kind: object.kind.as_str().into(),
            kind: workload.kind,
            labels: Packed::of(&workload.template.metadata.labels),
            replicas: workload.replicas,
            class: workload.template.spec.priority_class_name.as_str().into(),
            namespace: workload.namespace.as_str().into(),
            name: workload.name.into_boxed_str(),
            matched,
            origin: object.origin.clone(),
            unread,
            violates: false,
            rare: (!rare.is_empty()).then(|| Box::new(rare)),
        }
    }

    /// The object's name.
    pub(super) fn object_name(&self) -> &str {
        self.rare.as_deref().and_then(|rare| rare.object_name.as_deref()).unwrap_or(&self.name)
    }

    /// The planned carrier that it is.
    pub(super) fn carrier(&self) -> Option<CarrierId> {
        if let Match::Carrier(id) = self.matched { Some(id) } else { None }
    }

    /// Where it names its class, if it names one.
    pub(super) fn class_origin(&self) -> Option<&Origin> {
        self.rare.as_deref()?.class_origin.as_ref()
    }

    /// Terms of its affinity, and where they stand.
    pub(super) fn terms(&self) -> &[(Term, Origin)] {
        self.rare.as_deref().map_or(&[], |rare| &rare.terms)
    }

    /// The service that it looks like, of which it is not.
    pub(super) fn looks_like(&self) -> Option<usize> {
        self.rare.as_deref()?.looks_like
    }

    /// Kind and name of the controller that made it.
    pub(super) fn owner(&self) -> Option<&(String, String)> {
        self.rare.as_deref()?.owner.as_ref()
    }

    /// Its findings, which leave it.
    pub(super) fn take(&mut self) -> Vec<Finding> {
        let findings = self.rare.as_deref_mut().map(|rare| std::mem::take(&mut rare.findings));
        self.rare.take_if(|rare| rare.is_empty());
        findings.unwrap_or_default()
    }

    /// Gives it findings beside its own.
    pub(super) fn extend(&mut self, findings: impl IntoIterator<Item = Finding>) {
        let mut findings = findings.into_iter().peekable();
        if findings.peek().is_some() {
            self.rare.get_or_insert_default().findings.extend(findings);
        }
    }

    /// What is said about it, `violates` being whether an error was found on it that nobody allowed.
    pub(super) fn answer(&self, violates: bool) -> Answer {
        if self.unread {
            Answer::CouldNotRead
        } else if violates {
            Answer::Violates
        } else if self.carrier().is_some() {
            Answer::Holds
        } else {
            Answer::NotInPolicy
        }
    }
}

/// The object as findings name it: [`Object::title`].
impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rendered = self.rare.as_deref().and_then(|rare| rare.object_namespace.as_deref());
        let namespace = rendered.unwrap_or(&self.namespace);
        let slash = if namespace.is_empty() { "" } else { "/" };
        write!(f, "{} {namespace}{slash}{}", self.object_kind, self.object_name())
    }
}

impl Rare {
    fn is_empty(&self) -> bool {
        let Self { object_name, object_namespace, class_origin, terms, looks_like, owner, findings } = self;
        object_name.is_none()
            && object_namespace.is_none()
            && class_origin.is_none()
            && terms.is_empty()
            && looks_like.is_none()
            && owner.is_none()
            && findings.is_empty()
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

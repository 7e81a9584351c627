//! Label selectors and node selectors, with Kubernetes' own matching.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Labels;
use super::read::null;

/// Operator of a requirement. An unknown one is kept, so that it can be reported.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Operator {
    /// The label's value is one of the values.
    In,
    /// The label is absent or its value is none of the values.
    NotIn,
    /// The label is present.
    Exists,
    /// The label is absent.
    DoesNotExist,
    /// The label's value is a whole number above the one value (node selectors only).
    Gt,
    /// The label's value is a whole number below the one value (node selectors only).
    Lt,
    /// None of Kubernetes' operators.
    #[serde(untagged)]
    Other(String),
}

/// Why a selector cannot be used; Kubernetes matches nothing with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SelectorError {
    /// The key of the offending requirement.
    pub key: String,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for SelectorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "requirement on {:?}: {}", self.key, self.message)
    }
}

impl std::error::Error for SelectorError {}

/// Selects by labels. An empty one matches everything; an absent one matches nothing, which is why
/// fields of this type are `Option`s.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LabelSelector {
    /// Labels that must have exactly these values.
    #[serde(default, deserialize_with = "null", skip_serializing_if = "Labels::is_empty")]
    pub match_labels: Labels,
    /// Requirements, all of which must hold.
    #[serde(default, deserialize_with = "null", skip_serializing_if = "Vec::is_empty")]
    pub match_expressions: Vec<LabelSelectorRequirement>,
}

/// One requirement on a label.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct LabelSelectorRequirement {
    /// Label key.
    pub key: String,
    /// `In`, `NotIn`, `Exists` or `DoesNotExist`.
    pub operator: Operator,
    /// Values for `In` and `NotIn`.
    #[serde(default, deserialize_with = "null", skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
}

impl LabelSelector {
    /// Selects objects that carry all of `labels`.
    #[must_use]
    pub fn of(labels: &Labels) -> LabelSelector {
        LabelSelector { match_labels: labels.clone(), match_expressions: Vec::new() }
    }

    /// Whether it states nothing, so that it matches everything.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.match_labels.is_empty() && self.match_expressions.is_empty()
    }

    /// Whether Kubernetes would accept it.
    ///
    /// # Errors
    /// The first requirement with an unknown operator, or values that do not fit it.
    pub fn validate(&self) -> Result<(), SelectorError> {
        self.match_expressions.iter().try_for_each(LabelSelectorRequirement::validate)
    }

    /// Whether `labels` fulfil it. An invalid selector matches nothing.
    #[must_use]
    pub fn matches(&self, labels: &Labels) -> bool {
        self.matches_set(labels)
    }

    /// The same for labels that are kept in another form.
    #[must_use]
    pub fn matches_set(&self, labels: &dyn LabelSet) -> bool {
        self.validate().is_ok()
            && self.match_labels.iter().all(|(k, v)| labels.label(k) == Some(v))
            && self.match_expressions.iter().all(|r| r.matches(labels))
    }
}

/// Labels in whatever form.
pub trait LabelSet: std::fmt::Debug {
    /// The value of a label.
    fn label(&self, key: &str) -> Option<&str>;
}

impl LabelSet for Labels {
    fn label(&self, key: &str) -> Option<&str> {
        self.get(key).map(String::as_str)
    }
}

impl<T: LabelSet + ?Sized> LabelSet for std::sync::Arc<T> {
    fn label(&self, key: &str) -> Option<&str> {
        (**self).label(key)
    }
}

impl LabelSelectorRequirement {
    fn validate(&self) -> Result<(), SelectorError> {
        let message = match (&self.operator, self.values.is_empty()) {
            (Operator::In | Operator::NotIn, true) => "In and NotIn need at least one value".to_owned(),
            (Operator::Exists | Operator::DoesNotExist, false) => {
                "Exists and DoesNotExist take no values".to_owned()
            }
            (Operator::Gt, _) => "Gt is no operator of a label selector".to_owned(),
            (Operator::Lt, _) => "Lt is no operator of a label selector".to_owned(),
            (Operator::Other(name), _) => format!("{name:?} is no operator of a label selector"),
            _ => return Ok(()),
        };
        Err(SelectorError { key: self.key.clone(), message })
    }

    fn matches(&self, labels: &dyn LabelSet) -> bool {
        let value = labels.label(&self.key);
        let listed = |value: &str| self.values.iter().any(|v| v == value);
        match self.operator {
            Operator::In => value.is_some_and(listed),
            Operator::NotIn => value.is_none_or(|v| !listed(v)),
            Operator::Exists => value.is_some(),
            Operator::DoesNotExist => value.is_none(),
            _ => false,
        }
    }
}

/// Selects nodes: any term suffices; no terms match nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NodeSelector {
    /// Alternatives.
    #[serde(default, deserialize_with = "null")]
    pub node_selector_terms: Vec<NodeSelectorTerm>,
}

/// One alternative of a node selector; an empty one matches nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NodeSelectorTerm {
    /// Requirements on labels.
    #[serde(default, deserialize_with = "null", skip_serializing_if = "Vec::is_empty")]
    pub match_expressions: Vec<NodeSelectorRequirement>,
    /// Requirements on fields; only `metadata.name` exists.
    #[serde(default, deserialize_with = "null", skip_serializing_if = "Vec::is_empty")]
    pub match_fields: Vec<NodeSelectorRequirement>,
}

/// One requirement on a node's label or field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeSelectorRequirement {
    /// Label key, or `metadata.name` among the fields.
    pub key: String,
    /// Operator.
    pub operator: Operator,
    /// Values.
    #[serde(default, deserialize_with = "null", skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
}

impl NodeSelector {
    /// Whether a node of this name and these labels is selected.
    #[must_use]
    pub fn matches(&self, name: &str, labels: &Labels) -> bool {
        self.node_selector_terms.iter().any(|t| t.matches(name, labels))
    }

    /// Whether Kubernetes would accept it.
    ///
    /// # Errors
    /// The first requirement with an unknown operator, or values that do not fit it.
    pub fn validate(&self) -> Result<(), SelectorError> {
        self.node_selector_terms.iter().try_for_each(NodeSelectorTerm::validate)
    }
}

impl NodeSelectorTerm {
    /// Whether a node of this name and these labels is selected. A term with an invalid requirement
    /// selects nothing.
    #[must_use]
    pub fn matches(&self, name: &str, labels: &Labels) -> bool {
        let empty = self.match_expressions.is_empty() && self.match_fields.is_empty();
        !empty
            && self.validate().is_ok()
            && self.match_expressions.iter().all(|r| r.matches(labels.get(&r.key).map(String::as_str)))
            && self.match_fields.iter().all(|r| r.matches(Some(name)))
    }

    /// Whether Kubernetes would accept it.
    ///
    /// # Errors
    /// The first requirement with an unknown operator, or values that do not fit it.
    pub fn validate(&self) -> Result<(), SelectorError> {
        self.match_expressions.iter().try_for_each(NodeSelectorRequirement::validate)?;
        for field in &self.match_fields {
            let fits = field.key == "metadata.name"
                && field.values.len() == 1
                && matches!(field.operator, Operator::In | Operator::NotIn);
            if !fits {
                let message = "a field requirement is metadata.name, In or NotIn, one value".to_owned();
                return Err(SelectorError { key: field.key.clone(), message });
            }
        }
        Ok(())
    }
}

impl NodeSelectorRequirement {
    fn validate(&self) -> Result<(), SelectorError> {
        let message = match &self.operator {
            Operator::In | Operator::NotIn if self.values.is_empty() => {
                "In and NotIn need at least one value"
            }
            Operator::Exists | Operator::DoesNotExist if !self.values.is_empty() => {
                "Exists and DoesNotExist take no values"
            }
            Operator::Gt | Operator::Lt if self.number().is_none() => "Gt and Lt take one whole number",
            Operator::Other(_) => "the operator is none of In, NotIn, Exists, DoesNotExist, Gt, Lt",
            _ => return Ok(()),
        };
        Err(SelectorError { key: self.key.clone(), message: message.to_owned() })
    }

    fn number(&self) -> Option<i64> {
        match self.values.as_slice() {
            [one] => one.parse().ok(),
            _ => None,
        }
    }

    fn matches(&self, value: Option<&str>) -> bool {
        let listed = |v: &str| self.values.iter().any(|x| x == v);
        match self.operator {
            Operator::In => value.is_some_and(listed),
            Operator::NotIn => value.is_none_or(|v| !listed(v)),
            Operator::Exists => value.is_some(),
            Operator::DoesNotExist => value.is_none(),
            Operator::Gt | Operator::Lt => {
                let (Some(have), Some(bound)) = (value.and_then(|v| v.parse::<i64>().ok()), self.number())
                else {
                    return false;
                };
                if self.operator == Operator::Gt { have > bound } else { have < bound }
            }
            Operator::Other(_) => false,
        }
    }
}

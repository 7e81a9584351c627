//! Strings, numbers, booleans and names.

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::json;

use super::{Reader, Shape, schema};
use crate::diag::{Diagnostic, codes::policy as codes};
use crate::source::Span;
use crate::source::tree::{Node, Value};

/// Declares the schema of a scalar, written where it is used.
macro_rules! inline_schema {
    ($type:ty, $name:literal, $json:tt) => {
        impl schemars::JsonSchema for $type {
            fn inline_schema() -> bool {
                true
            }
            fn schema_name() -> std::borrow::Cow<'static, str> {
                $name.into()
            }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                $crate::shape::schema::object(serde_json::json!($json))
            }
        }
    };
}
pub(crate) use inline_schema;

/// Longest string that is read, in bytes: the longest that Kubernetes accepts anywhere lifeboat writes
/// is an annotation's, and nothing in a policy comes near.
const MAX_TEXT: usize = 4096;

impl Shape for String {
    const EXPECTED: &'static str = "a string";

    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        let Value::String(text) = &node.value else {
            reader.wrong_type::<Self>(node);
            return None;
        };
        if text.len() > MAX_TEXT {
            reader.bad_value(node, "longer than 4096 bytes", "shorten it");
            return None;
        }
        Some(text.clone())
    }
}

impl Shape for bool {
    const EXPECTED: &'static str = "`true` or `false`";

    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        let Value::Bool(value) = node.value else {
            reader.wrong_type::<Self>(node);
            return None;
        };
        Some(value)
    }
}

impl Shape for i64 {
    const EXPECTED: &'static str = "an integer";

    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        let Value::Integer(value) = node.value else {
            reader.wrong_type::<Self>(node);
            return None;
        };
        Some(value)
    }
}

impl Shape for u32 {
    const EXPECTED: &'static str = "an integer";

    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        let value = i64::read(node, reader)?;
        let small = u32::try_from(value).ok().filter(|&n| n <= i32::MAX.unsigned_abs());
        if small.is_none() {
            reader.bad_value(node, "out of range", "write a number from 0 to 2147483647");
        }
        small
    }
}

/// A one-line text for people: no control characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Text(pub String);

impl Shape for Text {
    const EXPECTED: &'static str = "a string";

    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        let text = String::read(node, reader)?;
        if text.trim().is_empty() || text.chars().any(char::is_control) {
            reader.bad_value(node, "empty, or with control characters", "write one line of text");
            return None;
        }
        Some(Self(text))
    }
}
inline_schema!(Text, "Text", {"type": "string", "minLength": 1});

/// A name of a Kubernetes object that is an RFC 1123 label (namespaces, releases): lower-case letters,
/// digits and `-`, at most 63.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name(pub String);

impl Shape for Name {
    const EXPECTED: &'static str = "a string";

    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        let text = String::read(node, reader)?;
        Names::Label.check(&text, node.span, reader).then_some(Self(text))
    }
}

impl JsonSchema for Name {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Name".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        schema::object(json!({"title": "name", "type": "string", "pattern": LABEL}))
    }
}

const LABEL: &str = "^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$";
const SUBDOMAIN: &str = r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*$";

/// The syntax of names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Names {
    /// Anything; entries are not droppable.
    Free,
    /// An RFC 1123 label; entries can be dropped with `enabled = false`.
    Label,
    /// An RFC 1123 subdomain (node names); entries can be dropped with `enabled = false`.
    Subdomain,
    /// An RFC 1123 label; `enabled` has a meaning of its own there.
    Part,
}

impl Names {
    /// Whether `enabled = false` drops an entry.
    #[must_use]
    pub(crate) fn droppable(self) -> bool {
        matches!(self, Self::Label | Self::Subdomain)
    }

    /// The syntax as a regular expression without look-around.
    #[must_use]
    pub(crate) fn pattern(self) -> Option<&'static str> {
        match self {
            Self::Free => None,
            Self::Label | Self::Part => Some(LABEL),
            Self::Subdomain => Some(SUBDOMAIN),
        }
    }

    /// Whether a name follows the syntax.
    #[must_use]
    pub fn accepts(self, name: &str) -> bool {
        match self {
            Self::Free => true,
            Self::Label | Self::Part => is_label(name),
            Self::Subdomain => name.len() <= 253 && name.split('.').all(is_label),
        }
    }

    /// Reports a name that does not follow the syntax.
    pub(crate) fn check(self, name: &str, span: Span, reader: &mut Reader) -> bool {
        let fine = self.accepts(name);
        if !fine {
            let what = if self == Self::Subdomain { "RFC 1123 subdomain" } else { "RFC 1123 label" };
            let shown: String = name.chars().take(70).collect();
            reader.report(
                Diagnostic::new(codes::BAD_NAME, format!("{shown:?} is no name for Kubernetes"))
                    .at(span, format!("not an {what}"))
                    .help(if self == Self::Subdomain {
                        "use lower-case letters, digits, `-` and `.`, each part at most 63 long and with a letter or digit at both ends"
                    } else {
                        "use lower-case letters, digits and `-`, at most 63, with a letter or digit at both ends"
                    }),
            );
        }
        fine
    }
}

fn is_label(name: &str) -> bool {
    let bytes = name.as_bytes();
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    (1..=63).contains(&bytes.len())
        && bytes.iter().all(|&b| plain(b) || b == b'-')
        && plain(bytes[0])
        && plain(bytes[bytes.len() - 1])
}

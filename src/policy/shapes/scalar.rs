//! Quantities, durations, taints and tolerations as they stand in a policy.

use crate::kube::Quantity;
use crate::shape::{Reader, Shape, choice, inline_schema};
use crate::source::tree::{Node, Value};

/// CPU, as written and in whole millicores (rounded up, as the scheduler rounds).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cpu {
    /// As written, for emission.
    pub text: String,
    /// Millicores.
    pub milli: u64,
}

/// Memory or storage, as written and in whole bytes (rounded up).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Memory {
    /// As written, for emission.
    pub text: String,
    /// Bytes.
    pub bytes: u64,
}

/// More CPU than this is a slip of the pen: a million cores, in millicores.
const MAX_MILLI: u64 = 1_000_000_000;
/// More memory than this is one: an exbibyte.
const MAX_BYTES: u64 = 1 << 60;

impl Shape for Cpu {
    const EXPECTED: &'static str = "a quantity of CPU such as `500m` or `2`";

    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        let text = quantity_text::<Self>(node, reader)?;
        let milli = positive(&text, Quantity::milli);
        match milli.filter(|&n| n <= MAX_MILLI) {
            Some(milli) => Some(Self { text, milli }),
            None => {
                let help = "write cores or millicores, such as \"500m\" or \"2\"";
                reader.bad_value(node, &format!("`{}` is no quantity of CPU", shorten(&text)), help);
                None
            }
        }
    }
}
inline_schema!(Cpu, "Cpu", {"title": "quantity", "type": ["string", "integer"], "minimum": 0, "pattern": QUANTITY});

impl Shape for Memory {
    const EXPECTED: &'static str = "a quantity of memory such as `512Mi` or `2Gi`";

    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        let text = quantity_text::<Self>(node, reader)?;
        let bytes = positive(&text, Quantity::value);
        match bytes.filter(|&n| n <= MAX_BYTES) {
            Some(bytes) => Some(Self { text, bytes }),
            None => {
                let help = "write bytes with a suffix, such as \"512Mi\" or \"2Gi\"";
                reader.bad_value(node, &format!("`{}` is no quantity of memory", shorten(&text)), help);
                None
            }
        }
    }
}
inline_schema!(Memory, "Memory", {"title": "quantity", "type": ["string", "integer"], "minimum": 0, "pattern": QUANTITY});

/// The syntax of quantities; what their sign and size must be is said by the reader.
const QUANTITY: &str = r"^\+?([0-9]+(\.[0-9]*)?|\.[0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][-+]?[0-9]+)?$";

fn quantity_text<T: Shape>(node: &Node, reader: &mut Reader) -> Option<String> {
    match &node.value {
        Value::String(text) => Some(text.clone()),
        Value::Integer(n) => Some(n.to_string()),
        _ => {
            reader.wrong_type::<T>(node);
            None
        }
    }
}

/// A quantity as a whole number in the unit of `round`, if it is one and not negative.
fn positive(text: &str, round: fn(Quantity) -> i64) -> Option<u64> {
    text.parse().ok().map(round).and_then(|n| u64::try_from(n).ok())
}

fn shorten(text: &str) -> String {
    if text.chars().count() > 40 { text.chars().take(40).chain(['…']).collect() } else { text.to_owned() }
}

/// A length of time in whole seconds: `90s`, `5m`, `1h30m`, `7d`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Duration {
    /// As written.
    pub text: String,
    /// Seconds.
    pub seconds: u64,
}

impl Duration {
    /// Parses the syntax above; at most ten years.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (mut seconds, mut number, mut rank) = (0_u64, String::new(), 4);
        for c in text.chars() {
            if c.is_ascii_digit() && number.len() < 12 {
                number.push(c);
                continue;
            }
            let (unit, unit_rank) = match c {
                'd' => (86_400, 3),
                'h' => (3_600, 2),
                'm' => (60, 1),
                's' => (1, 0),
                _ => return None,
            };
            let n: u64 = std::mem::take(&mut number).parse().ok()?;
            seconds = seconds.checked_add(n.checked_mul(unit)?)?;
            if unit_rank >= rank {
                return None;
            }
            rank = unit_rank;
        }
        let fine = number.is_empty() && !text.is_empty() && seconds <= 3_650 * 86_400;
        fine.then(|| Self { text: text.to_owned(), seconds })
    }

    /// A whole number of seconds.
    #[must_use]
    pub fn seconds(seconds: u64) -> Self {
        Self { text: format!("{seconds}s"), seconds }
    }
}

impl Shape for Duration {
    const EXPECTED: &'static str = "a duration such as `90s` or `5m`";

    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        let Value::String(text) = &node.value else {
            reader.wrong_type::<Self>(node);
            return None;
        };
        let parsed = Self::parse(text);
        if parsed.is_none() {
            let help = "write days, hours, minutes and seconds in that order, such as \"90s\" or \"1h30m\"";
            reader.bad_value(node, &format!("`{}` is no duration", shorten(text)), help);
        }
        parsed
    }
}
inline_schema!(Duration, "Duration", {"title": "duration", "type": "string", "pattern": "^([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?$", "minLength": 2});

choice! {
    /// What a taint does to pods that do not tolerate it.
    pub enum Effect {
        /// New pods stay away.
        NoSchedule = "NoSchedule",
        /// New pods prefer other nodes.
        PreferNoSchedule = "PreferNoSchedule",
        /// Running pods are evicted too.
        NoExecute = "NoExecute",
    }
}

/// A taint in kubectl's syntax, `key=value:Effect` or `key:Effect`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Taint {
    /// Its key.
    pub key: String,
    /// Its value, possibly empty.
    pub value: String,
    /// Its effect.
    pub effect: Effect,
}

impl Taint {
    /// Parses kubectl's syntax; the error says what is wrong.
    ///
    /// # Errors
    /// With what is wrong, in a few words.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let (name, effect) = text.rsplit_once(':').ok_or("a taint without an effect")?;
        let effect = Effect::ALL.iter().copied().find(|e| e.word() == effect);
        let effect = effect.ok_or("the effect is not NoSchedule, PreferNoSchedule or NoExecute")?;
        let (key, value) = name.split_once('=').unwrap_or((name, ""));
        if !is_label_key(key) {
            return Err("the key is no label key");
        }
        if !is_label_value(value) {
            return Err("the value is no label value");
        }
        Ok(Self { key: key.to_owned(), value: value.to_owned(), effect })
    }
}

impl std::fmt::Display for Taint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let equals = if self.value.is_empty() { "" } else { "=" };
        write!(f, "{}{equals}{}:{}", self.key, self.value, self.effect.word())
    }
}

impl Shape for Taint {
    const EXPECTED: &'static str = "a taint such as `key=value:NoSchedule`";

    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        let Value::String(text) = &node.value else {
            reader.wrong_type::<Self>(node);
            return None;
        };
        Self::parse(text)
            .map_err(|why| reader.bad_value(node, why, "write it as kubectl does: \"key=value:NoSchedule\""))
            .ok()
    }
}
inline_schema!(Taint, "Taint", {
    "title": "taint", "type": "string",
    "pattern": "^([a-z0-9.-]+/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?(=([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?)?:(NoSchedule|PreferNoSchedule|NoExecute)$",
});

/// A toleration: a taint's syntax (`key=value:Effect` tolerates that value, `key:Effect` any value),
/// `key` for every effect, or `*` for every taint.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Toleration {
    /// The key; `None` tolerates every taint.
    pub key: Option<String>,
    /// The value; `None` is the operator `Exists`.
    pub value: Option<String>,
    /// The effect; `None` is every effect.
    pub effect: Option<Effect>,
}

impl Shape for Toleration {
    const EXPECTED: &'static str = "a toleration such as `key=value:NoSchedule`, `key` or `*`";

    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        let Value::String(text) = &node.value else {
            reader.wrong_type::<Self>(node);
            return None;
        };
        if text == "*" {
            return Some(Self { key: None, value: None, effect: None });
        }
        if is_label_key(text) {
            return Some(Self { key: Some(text.clone()), value: None, effect: None });
        }
        match Taint::parse(text) {
            Ok(taint) => {
                let value = (!taint.value.is_empty()).then_some(taint.value);
                Some(Self { key: Some(taint.key), value, effect: Some(taint.effect) })
            }
            Err(why) => {
                reader.bad_value(
                    node,
                    why,
                    "write \"key=value:NoSchedule\", \"key:NoSchedule\", \"key\" or \"*\"",
                );
                None
            }
        }
    }
}
inline_schema!(Toleration, "Toleration", {"title": "toleration", "type": "string", "minLength": 1});

/// Labels of a node or of a workload's pods.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Labels(pub std::collections::BTreeMap<String, String>);

impl Shape for Labels {
    const EXPECTED: &'static str = "a table of strings";

    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        let Value::Table(table) = &node.value else {
            reader.wrong_type::<Self>(node);
            return None;
        };
        let mut labels = Self::default();
        for (key, entry) in table {
            if !is_label_key(key) {
                reader.bad_value(&Node { span: entry.key, ..entry.node.clone() }, "no label key", LABEL_HELP);
            }
            let Some(value) = reader.enter::<String>(key, &entry.node) else { continue };
            if is_label_value(&value.value) {
                labels.0.insert(key.clone(), value.value);
            } else {
                reader.bad_value(&entry.node, "no label value", LABEL_HELP);
            }
        }
        Some(labels)
    }
}
inline_schema!(Labels, "Labels", {
    "title": "table of strings", "type": "object",
    "additionalProperties": {"type": "string", "pattern": "^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$", "maxLength": 63},
});

const LABEL_HELP: &str =
    "use letters, digits, `-`, `_` and `.`, at most 63, with a letter or digit at both ends";

/// Whether a text is a qualified name: `[prefix/]name`.
#[must_use]
pub fn is_label_key(text: &str) -> bool {
    let (prefix, name) = text.split_once('/').map_or((None, text), |(p, n)| (Some(p), n));
    prefix.is_none_or(|p| crate::shape::Names::Subdomain.accepts(p))
        && !name.is_empty()
        && is_label_value(name)
}

/// Whether a text is a label value; the empty one is.
#[must_use]
pub fn is_label_value(text: &str) -> bool {
    let ends = |c: Option<char>| c.is_none_or(|c| c.is_ascii_alphanumeric());
    text.len() <= 63
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
        && ends(text.chars().next())
        && ends(text.chars().last())
}

/// Names of pods, or one of the words `all` and `none`.
#[derive(Clone, Debug)]
pub enum TomlWho {
    /// Every pod that the policy knows.
    All,
    /// No pod.
    None,
    /// These.
    Some(Vec<crate::shape::Field<String>>),
}

impl Shape for TomlWho {
    const EXPECTED: &'static str = "a list of names, `all` or `none`";

    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        match &node.value {
            Value::String(text) => match text.as_str() {
                "all" => Some(Self::All),
                "none" => Some(Self::None),
                _ => {
                    reader.bad_value(
                        node,
                        &format!("`{}` stands alone", shorten(text)),
                        "write \"all\", \"none\" or a list such as [\"critical\"]",
                    );
                    None
                }
            },
            _ => Vec::read(node, reader).map(Self::Some),
        }
    }
}
inline_schema!(TomlWho, "Who", {"anyOf": [{"enum": ["all", "none"]}, {"type": "array", "items": {"type": "string"}}]});

/// A limit in a quantity, or `auto`: computed from the proof.
#[derive(Clone, Debug)]
pub enum Auto<T> {
    /// Computed.
    Auto,
    /// Given.
    Given(T),
}

impl<T: Shape> Shape for Auto<T> {
    const EXPECTED: &'static str = "a quantity or `auto`";

    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        match &node.value {
            Value::String(text) if text == "auto" => Some(Self::Auto),
            _ => T::read(node, reader).map(Self::Given),
        }
    }
}

impl<T: Shape> schemars::JsonSchema for Auto<T> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("AutoOr{}", T::schema_name()).into()
    }
    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let given = generator.subschema_for::<T>();
        crate::shape::schema::object(serde_json::json!({"anyOf": [{"const": "auto"}, given]}))
    }
}

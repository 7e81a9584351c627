//! What Go makes of a scalar: the resolver of `goyaml.v2` inside `sigs.k8s.io/yaml` (v1.6,
//! `goyaml.v2/resolve.go`), and its way from there to JSON.

use serde_json::Number;

use crate::yaml::Value;

/// Why Go refuses a scalar.
pub(super) enum Refusal {
    /// `.nan` and `.inf` have no JSON form.
    NotFinite,
    /// An explicit tag that the text does not fit.
    Tag(&'static str),
    /// `!!binary` that is no base64.
    Binary,
}

/// The core tags that Go resolves; any other tag makes the scalar a text.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Tag {
    None,
    Str,
    Binary,
    Bool,
    Int,
    Float,
    Null,
    Timestamp,
    Other,
}

impl Tag {
    pub(super) fn new(handle: &str, suffix: &str) -> Self {
        let full = format!("{handle}{suffix}");
        match full.strip_prefix("tag:yaml.org,2002:").or_else(|| full.strip_prefix("!!")) {
            Some("str") => Self::Str,
            Some("binary") => Self::Binary,
            Some("bool") => Self::Bool,
            Some("int") => Self::Int,
            Some("float") => Self::Float,
            Some("null") => Self::Null,
            Some("timestamp") => Self::Timestamp,
            _ => Self::Other,
        }
    }
}

/// Resolves a scalar. `plain` tells whether it was written without quotes.
pub(super) fn resolve(text: &str, plain: bool, tag: Tag) -> Result<Value, Refusal> {
    let string = || Value::String(text.to_owned());
    match tag {
        Tag::None if !plain => Ok(string()),
        Tag::None => implicit(text),
        Tag::Str | Tag::Other | Tag::Timestamp => Ok(string()),
        Tag::Binary => base64(text)
            .map(|b| Value::String(String::from_utf8_lossy(&b).into_owned()))
            .ok_or(Refusal::Binary),
        Tag::Bool => expect(implicit(text)?, "!!bool", |v| matches!(v, Value::Bool(_))),
        Tag::Int => expect(implicit(text)?, "!!int", |v| matches!(v, Value::Number(n) if !n.is_f64())),
        Tag::Float => expect(implicit(text)?, "!!float", |v| matches!(v, Value::Number(_))),
        Tag::Null => expect(implicit(text)?, "!!null", |v| matches!(v, Value::Null)),
    }
}

fn expect(value: Value, tag: &'static str, fits: impl Fn(&Value) -> bool) -> Result<Value, Refusal> {
    if fits(&value) { Ok(value) } else { Err(Refusal::Tag(tag)) }
}

/// A plain scalar without a tag.
fn implicit(text: &str) -> Result<Value, Refusal> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Ok(Value::Null),
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            return Ok(Value::Bool(true));
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            return Ok(Value::Bool(false));
        }
        ".nan" | ".NaN" | ".NAN" | ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" | "-.inf"
        | "-.Inf" | "-.INF" => return Err(Refusal::NotFinite),
        _ => {}
    }
    let number = match text.as_bytes()[0] {
        b'.' | b'0'..=b'9' | b'+' | b'-' => number(text),
        _ => None,
    };
    Ok(number.map_or_else(|| Value::String(text.to_owned()), Value::Number))
}

/// A scalar that starts with a digit, a sign or a point.
fn number(text: &str) -> Option<Number> {
    let removed: String;
    let plain = if text.contains('_') {
        removed = text.replace('_', "");
        removed.as_str()
    } else {
        text
    };
    integer(plain).or_else(|| float(plain))
}

/// `strconv.ParseInt(s, 0, 64)`, then `ParseUint`.
fn integer(text: &str) -> Option<Number> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let (radix, digits) = match digits.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, &digits[2..]),
        [b'0', b'b' | b'B', ..] => (2, &digits[2..]),
        [b'0', b'o' | b'O', ..] => (8, &digits[2..]),
        [b'0', _, ..] => (8, &digits[1..]),
        _ => (10, digits),
    };
    if !digits.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return None;
    }
    let magnitude = u64::from_str_radix(digits, radix).ok()?;
    if negative {
        return 0_i64.checked_sub_unsigned(magnitude).map(Number::from);
    }
    // ParseUint takes no sign, so that a plus limits the value to the signed range.
    if text.starts_with('+') && i64::try_from(magnitude).is_err() {
        return None;
    }
    Some(Number::from(magnitude))
}

/// `^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$`, finite.
fn float(text: &str) -> Option<Number> {
    let digits = |s: &str| s.bytes().take_while(u8::is_ascii_digit).count();
    let mut rest = text.strip_prefix(['-', '+']).unwrap_or(text);
    let whole = digits(rest);
    rest = &rest[whole..];
    if let Some(fraction) = rest.strip_prefix('.') {
        let n = digits(fraction);
        if whole == 0 && n == 0 {
            return None;
        }
        rest = &fraction[n..];
    } else if whole == 0 {
        return None;
    }
    if let Some(exponent) = rest.strip_prefix(['e', 'E']) {
        let exponent = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
        if exponent.is_empty() || digits(exponent) != exponent.len() {
            return None;
        }
    } else if !rest.is_empty() {
        return None;
    }
    Number::from_f64(text.parse().ok()?)
}

/// A whole float loses its `.0` on the way through JSON, as in Go: `2.0` and `1e3` arrive as integers.
pub(super) fn through_json(value: Value) -> Value {
    match &value {
        Value::Number(n) if n.is_f64() => {
            let float = n.as_f64().unwrap_or_default();
            let negative_zero = float == 0.0 && float.is_sign_negative();
            if float.fract() == 0.0 && float.abs() < 9_007_199_254_740_992.0 && !negative_zero {
                #[expect(clippy::cast_possible_truncation, reason = "whole and below 2^53")]
                return Value::Number(Number::from(float as i64));
            }
            value
        }
        _ => value,
    }
}

/// Standard base64 with padding; line breaks and blanks are skipped.
fn base64(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut count, mut padding) = (0_u32, 0_u32, 0_u32);
    for byte in text.bytes().filter(|b| !b.is_ascii_whitespace()) {
        let six = match byte {
            b'=' => {
                padding += 1;
                continue;
            }
            _ if padding > 0 => return None,
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(six);
        count += 1;
        if count == 4 {
            out.extend_from_slice(&bits.to_be_bytes()[1..]);
            (bits, count) = (0, 0);
        }
    }
    match (count, padding) {
        (0, 0) => {}
        (2, 2) => out.push((bits >> 4) as u8),
        (3, 1) => out.extend_from_slice(&[(bits >> 10) as u8, (bits >> 2) as u8]),
        _ => return None,
    }
    Some(out)
}

/// The key that Go makes of a number that is not finite.
pub(super) fn not_finite_key(text: &str) -> &'static str {
    match text.as_bytes() {
        [.., b'n' | b'N'] => ".nan",
        [b'-', ..] => "-.inf",
        _ => ".inf",
    }
}

/// The text that Go makes of a map key, or why it refuses the key.
pub(super) fn key(value: Value) -> Result<String, &'static str> {
    match value {
        Value::String(text) => Ok(text),
        Value::Bool(b) => Ok(b.to_string()),
        Value::Number(n) if n.is_f64() => Ok(go_float(n.as_f64().unwrap_or_default())),
        Value::Number(n) if n.as_i64().is_none() => Err("a number over 2^63 as a key"),
        Value::Number(n) => Ok(n.to_string()),
        Value::Null => Err("an empty key"),
        Value::Seq(_) => Err("a list as a key"),
        Value::Map(_) => Err("a map as a key"),
    }
}

/// `strconv.FormatFloat(f, 'g', -1, 32)`: shortest digits of the single-precision number, an exponent
/// of at least two digits below 1e-4 and from 1e6 on.
#[expect(clippy::cast_possible_truncation, reason = "Go rounds keys to 32 bits too")]
fn go_float(value: f64) -> String {
    let single = value as f32;
    let scientific = format!("{single:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..6).contains(&exponent) {
        return format!("{single}");
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", exponent.abs())
}

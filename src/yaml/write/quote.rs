//! Which texts may stand without quotes, and how the others are quoted.
//!
//! A text stands plain only if no YAML 1.1 reader (Go's `goyaml.v2`, PyYAML, libyaml) and no YAML 1.2
//! reader could take it for anything else. So the test is a short list of shapes known to be safe, not a
//! list of dangers: words, and numbers with a unit as Kubernetes writes them.

use std::fmt::Write as _;

use serde_json::Number;

/// Longest quoted key that every reader accepts before a colon (libyaml looks 1024 bytes ahead).
pub(super) const MAX_SIMPLE_KEY: usize = 256;

/// Words that some reader takes for a boolean, null or number, in lower case.
const RESERVED: &[&str] =
    &["y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf", "infinity"];

/// Whether a text is itself without quotes, for every reader.
#[must_use]
pub fn is_plain(text: &str) -> bool {
    is_word(text) || is_quantity(text)
}

/// Letters first, then letters, digits and a few signs; single blanks between. Only `: ` and a colon at
/// the end would be read as a key, and `#` is not among the signs.
fn is_word(text: &str) -> bool {
    let bytes = text.as_bytes();
    let Some((&first, &last)) = bytes.first().zip(bytes.last()) else { return false };
    let starts = first.is_ascii_alphabetic() || (matches!(first, b'/' | b'_') && bytes.len() > 1);
    let sign = |b: u8| matches!(b, b'.' | b'/' | b'_' | b'-' | b'@' | b'+' | b':' | b'(' | b')');
    starts
        && bytes.iter().all(|&b| b.is_ascii_alphanumeric() || sign(b) || b == b' ')
        && !matches!(last, b':' | b' ')
        && !text.contains("  ")
        && !text.contains(": ")
        && !text.contains(" :")
        && !RESERVED.iter().any(|word| word.eq_ignore_ascii_case(text))
}

/// `500m`, `1536Mi`, `1.5Gi`, `30s`: a decimal number with a unit that is no part of any number.
fn is_quantity(text: &str) -> bool {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (whole, mut unit) = text.split_at(digits);
    if let Some(rest) = unit.strip_prefix('.') {
        let fraction = rest.bytes().take_while(u8::is_ascii_digit).count();
        if fraction == 0 {
            return false;
        }
        unit = &rest[fraction..];
    }
    !whole.is_empty()
        && matches!(unit, "m" | "Ki" | "Mi" | "Gi" | "Ti" | "k" | "M" | "G" | "T" | "s" | "h" | "d")
}

/// A text as one line of YAML: plain if it may be, else in double quotes.
#[must_use]
pub fn scalar(text: &str) -> String {
    if is_plain(text) { text.to_owned() } else { quoted(text) }
}

/// A text in double quotes, with escapes that all YAML readers and JSON's readers of ASCII know.
#[must_use]
pub fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if is_printable(c) => out.push(c),
            // Writing to a string cannot fail.
            c if u32::from(c) <= 0xFFFF => drop(write!(out, "\\u{:04x}", u32::from(c))),
            c => drop(write!(out, "\\U{:08x}", u32::from(c))),
        }
    }
    out.push('"');
    out
}

/// Characters that every reader lets stand as they are. U+0085, U+2028 and U+2029 are line breaks in YAML
/// 1.1; U+FEFF is a byte order mark.
pub(super) fn is_printable(c: char) -> bool {
    matches!(c, ' '..='~' | '\u{a0}'..='\u{2027}' | '\u{202a}'..='\u{d7ff}' | '\u{e000}'..='\u{fefe}'
        | '\u{ff00}'..='\u{fffd}' | '\u{10000}'..='\u{10ffff}')
        && u32::from(c) & 0xFFFE != 0xFFFE
}

/// Whether a text of several lines can be a literal block that all readers agree on: printable, no blank
/// or tab at the start of the first line (it would set the indentation), no blanks at the end of a line,
/// at most one line end at the end.
pub(super) fn is_block(text: &str) -> bool {
    let body = text.strip_suffix('\n').unwrap_or(text);
    body.contains('\n')
        && !body.starts_with([' ', '\t', '\n'])
        && !body.ends_with('\n')
        && body.split('\n').all(|line| {
            line.chars().all(|c| is_printable(c) || c == '\t')
                && !line.ends_with([' ', '\t'])
                && !line.starts_with('\t')
        })
}

/// A number that every reader takes for that number: floats with a point and a signed exponent, because
/// YAML 1.1 reads `1e+21` as a text.
pub(super) fn number(number: &Number) -> String {
    let text = number.to_string();
    if !number.is_f64() {
        return text;
    }
    let (mantissa, exponent) =
        text.split_once(['e', 'E']).map_or((text.as_str(), None), |(m, e)| (m, Some(e)));
    let point = if mantissa.contains('.') { "" } else { ".0" };
    match exponent {
        None => format!("{mantissa}{point}"),
        Some(e) if e.starts_with(['-', '+']) => format!("{mantissa}{point}e{e}"),
        Some(e) => format!("{mantissa}{point}e+{e}"),
    }
}

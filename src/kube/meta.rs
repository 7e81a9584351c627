//! Metadata that every object has.

use serde::{Deserialize, Serialize};

use super::Labels;
use super::read::null;

/// `metadata` of an object.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ObjectMeta {
    /// Name; empty in a pod template.
    #[serde(default, deserialize_with = "null", skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Namespace; empty reads as `default` for namespaced kinds.
    #[serde(default, deserialize_with = "null", skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// Unique id, absent in manifests.
    #[serde(default, deserialize_with = "null", skip_serializing_if = "String::is_empty")]
    pub uid: String,
    /// Labels.
    #[serde(default, deserialize_with = "null", skip_serializing_if = "Labels::is_empty")]
    pub labels: Labels,
    /// Annotations.
    #[serde(default, deserialize_with = "null", skip_serializing_if = "Labels::is_empty")]
    pub annotations: Labels,
    /// Owners; at most one is the controller.
    #[serde(default, deserialize_with = "null", skip_serializing_if = "Vec::is_empty")]
    pub owner_references: Vec<OwnerReference>,
    /// RFC 3339 time of the deletion request: the object is terminating.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deletion_timestamp: Option<String>,
    /// RFC 3339 time of creation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub creation_timestamp: Option<String>,
}

impl ObjectMeta {
    /// The controlling owner.
    #[must_use]
    pub fn controller(&self) -> Option<&OwnerReference> {
        self.owner_references.iter().find(|o| o.controller)
    }

    /// The namespace, `default` if none is stated.
    #[must_use]
    pub fn namespace(&self) -> &str {
        if self.namespace.is_empty() { "default" } else { &self.namespace }
    }
}

/// One owner.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OwnerReference {
    /// Group and version of the owner's kind.
    #[serde(default, deserialize_with = "null")]
    pub api_version: String,
    /// Kind.
    #[serde(default, deserialize_with = "null")]
    pub kind: String,
    /// Name, in the namespace of the owned object.
    #[serde(default, deserialize_with = "null")]
    pub name: String,
    /// Unique id.
    #[serde(default, deserialize_with = "null")]
    pub uid: String,
    /// Whether it manages the object.
    #[serde(default, deserialize_with = "null")]
    pub controller: bool,
}

/// A namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Namespace {
    /// Metadata.
    #[serde(default, deserialize_with = "null")]
    pub metadata: ObjectMeta,
}

/// Seconds since 1970 of an RFC 3339 time (`2025-12-31T23:51:00Z`, offsets and fractions allowed, the
/// fraction cut, as `metav1.Time` does); `None` if the text is no such time.
#[must_use]
pub fn parse_time(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    if bytes.len() < 20 || !text.is_ascii() {
        return None;
    }
    let number = |from: usize, to: usize| -> Option<i64> {
        let part = &text[from..to];
        part.bytes().all(|b| b.is_ascii_digit()).then(|| part.parse().ok()).flatten()
    };
    let separators = [(4, b'-'), (7, b'-'), (13, b':'), (16, b':')];
    if separators.iter().any(|&(i, b)| bytes[i] != b) || !matches!(bytes[10], b'T' | b't' | b' ') {
        return None;
    }
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let zone = text[19..].trim_start_matches(|c: char| c == '.' || c.is_ascii_digit());
    let offset = match zone.as_bytes() {
        [b'Z' | b'z'] => 0,
        [sign @ (b'+' | b'-'), _, _, b':', _, _] => {
            let at = text.len() - 5;
            let seconds = number(at, at + 2)? * 3600 + number(at + 3, at + 5)? * 60;
            if *sign == b'-' { -seconds } else { seconds }
        }
        _ => return None,
    };
    Some(days(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - offset)
}

/// Days from 1970-01-01 in the proleptic Gregorian calendar.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year - era * 400;
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::parse_time;

    #[test]
    fn times_are_seconds_since_1970() {
        assert_eq!(parse_time("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(parse_time("2026-01-01T00:00:00Z"), Some(1_767_225_600));
        assert_eq!(parse_time("2024-02-29T12:00:00.123456Z"), Some(1_709_208_000));
        assert_eq!(parse_time("2026-01-01T01:00:00+01:00"), Some(1_767_225_600));
        for text in ["", "2026-01-01", "2026-13-01T00:00:00Z", "2026-01-01T00:00:00", "99999999999999999999Z"]
        {
            assert_eq!(parse_time(text), None, "{text}");
        }
    }
}

//! What a new version of lifeboat writes differently, and why: the build and the check say it when the folder was
//! written by an older one.

use semver::Version;

/// A change of the outputs.
#[derive(Clone, Copy, Debug)]
pub struct Change {
    /// The first version with it.
    pub version: &'static str,
    /// Beginning or end of the paths that it concerns; empty for all.
    pub paths: &'static str,
    /// Why, one sentence.
    pub why: &'static str,
}

/// All changes, oldest first. A change of outputs is entered here together with its version.
pub const CHANGES: &[Change] = &[Change { version: "0.1.0", paths: "", why: "the first version" }];

/// Why files of this path differ from what `before` wrote; without a path, why any does.
#[must_use]
pub fn reasons(before: &str, path: Option<&str>) -> Vec<&'static Change> {
    reasons_in(CHANGES, before, path)
}

fn reasons_in<'a>(changes: &'a [Change], before: &str, path: Option<&str>) -> Vec<&'a Change> {
    let Ok(before) = Version::parse(before) else { return Vec::new() };
    let newer = |change: &&Change| Version::parse(change.version).is_ok_and(|version| version > before);
    let here = |change: &&Change| {
        path.is_none_or(|path| path.starts_with(change.paths) || path.ends_with(change.paths))
    };
    changes.iter().filter(newer).filter(here).collect()
}

/// What was changed since a version, in one line.
#[must_use]
pub fn since(before: &str) -> String {
    let reasons: Vec<String> =
        reasons(before, None).iter().map(|change| format!("{} ({})", change.why, change.version)).collect();
    if reasons.is_empty() {
        return format!("lifeboat {} knows of no reason to write anything else", env!("CARGO_PKG_VERSION"));
    }
    format!("since then: {}", reasons.join("; "))
}

/// Whether a version of lifeboat is newer than this one.
#[must_use]
pub fn is_newer(other: &str) -> bool {
    let own = Version::parse(env!("CARGO_PKG_VERSION"));
    Version::parse(other).is_ok_and(|other| own.is_ok_and(|own| other > own))
}

#[cfg(test)]
mod tests {
    use super::{Change, reasons_in};

    #[test]
    fn only_what_came_later_and_concerns_the_file_is_a_reason() {
        let changes = [
            Change { version: "0.1.0", paths: "", why: "first" },
            Change { version: "0.2.0", paths: "cluster/", why: "scripts" },
            Change { version: "0.3.0", paths: "values.yaml", why: "overlays" },
        ];
        let why = |before, path| {
            reasons_in(&changes, before, path).iter().map(|change| change.why).collect::<Vec<_>>()
        };
        assert_eq!(why("0.1.0", Some("cluster/taints.sh")), ["scripts"]);
        assert_eq!(why("0.2.0", Some("loki/values.yaml")), ["overlays"]);
        assert_eq!(why("0.2.0", Some("RUNBOOK.md")), [""; 0]);
        assert_eq!(why("0.0.9", None), ["first", "scripts", "overlays"]);
        assert_eq!(why("not a version", None), [""; 0]);
    }
}

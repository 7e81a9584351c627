//! The Kubernetes versions that are modelled, and what differs between them.
//!
//! Decisions of 1.34 and 1.36 are held against recordings of the real scheduler; the differences of the
//! others were read off the sources of v1.30.14, v1.31.13, v1.32.9 and v1.33.5 (1.35 is like 1.34). Texts are those of
//! 1.34 for every version (1.33 and older name the taint that is not tolerated).

use std::fmt;
use std::str::FromStr;

/// A supported Kubernetes minor version, `1.30` to `1.36`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KubernetesVersion {
    minor: u8,
}

/// A version that is not modelled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownVersion(pub String);

impl fmt::Display for UnknownVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (first, last) = (KubernetesVersion::OLDEST, KubernetesVersion::NEWEST);
        write!(f, "Kubernetes {:?} is not modelled: {first} to {last} are", self.0)
    }
}

impl std::error::Error for UnknownVersion {}

impl KubernetesVersion {
    /// The oldest supported minor.
    pub const OLDEST: KubernetesVersion = KubernetesVersion { minor: 30 };
    /// The newest supported minor.
    pub const NEWEST: KubernetesVersion = KubernetesVersion { minor: 36 };

    /// Every supported minor, oldest first.
    pub fn all() -> impl Iterator<Item = KubernetesVersion> {
        (Self::OLDEST.minor..=Self::NEWEST.minor).map(|minor| KubernetesVersion { minor })
    }

    /// The minor number, 34 for 1.34.
    #[must_use]
    pub fn minor(self) -> u8 {
        self.minor
    }

    /// Whether NodeResourcesBalancedAllocation scores how the pod changes the balance rather than the
    /// balance itself. From 1.36; 1.35 still has the old formula.
    #[must_use]
    pub fn scores_change_of_balance(self) -> bool {
        self.minor >= 36
    }

    /// Whether NodeResourcesBalancedAllocation leaves out pods that request neither CPU nor memory. From
    /// 1.33; before, they are scored by the balance that is there.
    #[must_use]
    pub fn skips_balance_without_requests(self) -> bool {
        self.minor >= 33
    }

    /// Whether topology spread counts each constraint by itself. From 1.33; before, constraints with the
    /// same topology key share one count per domain.
    #[must_use]
    pub fn counts_spread_by_constraint(self) -> bool {
        self.minor >= 33
    }

    /// Whether host ports of sidecars count. From 1.34; before, only those of ordinary containers.
    #[must_use]
    pub fn counts_sidecar_ports(self) -> bool {
        self.minor >= 34
    }

    /// Whether DynamicResources scores as well (0 everywhere without claims). From 1.36.
    #[must_use]
    pub fn scores_dynamic_resources(self) -> bool {
        self.minor >= 36
    }

    /// Whether NodeDeclaredFeatures is among the filters (it skips pods that need none). From 1.36.
    #[must_use]
    pub fn filters_declared_features(self) -> bool {
        self.minor >= 36
    }

    /// Whether `matchLabelKeys` of pod affinity is on by default: beta from 1.31.
    #[must_use]
    pub fn merges_affinity_label_keys(self) -> bool {
        self.minor >= 31
    }

    /// Whether a pod's own `spec.resources` counts by default: beta from 1.34.
    #[must_use]
    pub fn has_pod_level_resources(self) -> bool {
        self.minor >= 34
    }
}

impl Default for KubernetesVersion {
    /// The version of the recorded corpus, 1.34.
    fn default() -> Self {
        KubernetesVersion { minor: 34 }
    }
}

impl fmt::Display for KubernetesVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "1.{}", self.minor)
    }
}

impl FromStr for KubernetesVersion {
    type Err = UnknownVersion;

    /// Reads `1.34`, `v1.34.4` or `v1.34.4+k3s1`.
    fn from_str(text: &str) -> Result<KubernetesVersion, UnknownVersion> {
        let unknown = || UnknownVersion(text.to_owned());
        let rest = text.strip_prefix('v').unwrap_or(text).strip_prefix("1.").ok_or_else(unknown)?;
        let digits = rest.split(['.', '+', '-']).next().unwrap_or_default();
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(unknown());
        }
        let minor: u8 = digits.parse().map_err(|_| unknown())?;
        let version = KubernetesVersion { minor };
        if (Self::OLDEST..=Self::NEWEST).contains(&version) { Ok(version) } else { Err(unknown()) }
    }
}

#[cfg(test)]
mod tests {
    use super::KubernetesVersion;

    #[test]
    fn versions_are_read_with_patch_and_distribution() {
        for text in ["1.34", "v1.34.4", "v1.34.4+k3s1", "1.34.0-rc.1"] {
            assert_eq!(text.parse::<KubernetesVersion>().map(KubernetesVersion::minor), Ok(34), "{text}");
        }
        for text in ["", "1", "1.", "1.29", "1.37", "2.34", "1.3x", "1.+34", "1.340"] {
            assert!(text.parse::<KubernetesVersion>().is_err(), "{text}");
        }
    }
}

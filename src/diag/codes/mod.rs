//! The one registry of diagnostic codes. `lifeboat explain CODE` and `docs/codes.md` are made from
//! it, and a test demands that each code appears in a case. One file per area, so that a code's
//! neighbours are its relatives.

mod text;

use super::Severity;

/// What the registry knows of a code.
#[derive(Debug)]
pub struct Entry {
    /// Stable kebab-case name.
    pub name: &'static str,
    /// Severity unless overridden.
    pub severity: Severity,
    /// What it means, one sentence.
    pub summary: &'static str,
    /// Why it matters and how Kubernetes, Helm or K3s behaves; Markdown.
    pub explanation: &'static str,
    /// How to mend it; Markdown.
    pub remedy: &'static str,
}

/// A diagnostic code: a handle into the registry. Compare with the constants of the area modules.
#[derive(Clone, Copy)]
pub struct Code(pub &'static Entry);

impl Code {
    /// Stable kebab-case name.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.0.name
    }

    /// Severity unless overridden.
    #[must_use]
    pub fn severity(self) -> Severity {
        self.0.severity
    }

    /// Looks a code up by name.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        all().find(|code| code.name() == name)
    }
}

impl PartialEq for Code {
    fn eq(&self, other: &Self) -> bool {
        self.0.name == other.0.name
    }
}
impl Eq for Code {}
impl std::fmt::Debug for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0.name)
    }
}

/// Declares the codes of one area: constants plus a table named `ALL`.
macro_rules! codes {
    ($($(#[$doc:meta])* $id:ident = $name:literal, $sev:ident, $summary:literal, $explanation:literal, $remedy:literal;)*) => {
        $(
            #[doc = $summary]
            pub const $id: $crate::diag::Code = $crate::diag::Code(&$crate::diag::codes::Entry {
                name: $name,
                severity: $crate::diag::Severity::$sev,
                summary: $summary,
                explanation: $explanation,
                remedy: $remedy,
            });
        )*
        /// All codes of this area.
        pub static ALL: &[$crate::diag::Code] = &[$($id),*];
    };
}
pub(crate) use codes;

pub mod build;
pub mod catalogue;
pub mod fleet;
pub mod manifest;
pub mod observed;
pub mod policy;
pub mod proof;
pub mod render;
pub mod survival;
pub mod verify;

/// All areas with their codes, in the order in which a user meets them.
#[must_use]
pub fn areas() -> [(&'static str, &'static [Code]); 10] {
    [
        ("The policy", policy::ALL),
        ("The catalogue and the team's values", catalogue::ALL),
        ("The build", build::ALL),
        ("Manifests", manifest::ALL),
        ("Verification", verify::ALL),
        ("The render", render::ALL),
        ("The proof", proof::ALL),
        ("What Kubernetes does instead", survival::ALL),
        ("Fleets", fleet::ALL),
        ("What is observed", observed::ALL),
    ]
}

/// All codes, area by area.
pub fn all() -> impl Iterator<Item = Code> {
    areas().into_iter().flat_map(|(_, codes)| codes).copied()
}

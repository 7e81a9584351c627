//! lifeboat compiles one declarative tier policy into Helm values that survive node loss, and proves
//! it before merge.
//!
//! ```text
//! policy.toml, bases ─ parse ─▶ TomlPolicy ─ check ─▶ Policy ─┐
//! charts/*.toml ─ parse ─▶ Catalogue ─ at(version) ─▶ Edition ┤
//! the team's values files ────────────────────────────────────┤
//!                                                             ▼
//!                                                           Plan ─ lower ─▶ Overlays ─┐
//!                                                             │                       ├─ emit ─▶ Artifacts ─ write | compare
//!                             Plan ─▶ Cluster ─ prove ─▶ Proof ───────────────────────┘
//!         rendered manifests, dumps ─ read ─▶ Objects ─▶ Cluster ─ rules ─▶ Findings
//! ```
//!
//! The library is pure: sources in, outcome out. Files, terminal, processes and Git live in the
//! binary (`src/cli`).

pub mod advise;
pub mod catalogue;
pub mod cluster;
pub mod compile;
pub mod diag;
pub mod diff;
pub mod emit;
pub mod explain;
pub mod fleet;
pub mod given;
pub mod kube;
pub mod lifecycle;
pub mod manifest;
pub mod markdown;
pub mod observed;
pub mod overlay;
pub mod plan;
pub mod policy;
pub mod probe;
pub mod propose;
pub mod prove;
pub mod report;
pub mod rules;
pub mod scheduler;
pub mod shape;
pub mod source;
pub mod values;
pub mod verify;
pub mod why;
pub mod yaml;

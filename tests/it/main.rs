//! The integration tests, one binary so that they link once.
#![allow(clippy::unwrap_used, reason = "a test that cannot unwrap has failed")]

mod argocd;
mod budget;
mod build;
mod catalogue;
mod cluster;
mod diff;
mod explain;
mod fleet;
mod given;
mod lifecycle;
mod observed;
mod planned;
mod policy;
mod probe;
mod promises;
mod prove;
mod readme;
mod report;
mod scheduler;
mod scheduler_laws;
mod scheduler_versions;
mod scripts;
mod tools;
mod usage;
mod verify;
mod yaml;

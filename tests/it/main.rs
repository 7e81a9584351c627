//! The integration tests, one binary so that they link once.

mod build;
mod catalogue;
mod cluster;
mod lifecycle;
mod policy;
mod probe;
mod prove;
mod scheduler;
mod scheduler_laws;
mod scheduler_versions;
mod scripts;
mod verify;
mod yaml;

//! The integration tests, one binary so that they link once.

mod build;
mod catalogue;
mod lifecycle;
mod policy;
mod prove;
mod scheduler;
mod scripts;
mod verify;
mod yaml;

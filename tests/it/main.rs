//! The integration tests, one binary so that they link once.

mod catalogue;
mod lifecycle;
mod policy;
mod scripts;
mod yaml;

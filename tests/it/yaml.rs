//! The YAML reader and writer.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod go;
mod hostile;
mod split;
mod writer;

use lifeboat::yaml::{self, Budget};
use serde_json::Value;

/// One document as the cluster sees it.
fn value(text: &str) -> Result<Value, yaml::Error> {
    Ok(yaml::read(text, 1, &Budget::default())?.root.map_or(Value::Null, |root| root.to_json()))
}

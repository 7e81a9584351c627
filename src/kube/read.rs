//! Reading a typed object out of a generic tree, with the path of what is wrong.

use std::fmt;

use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use serde_json::Value;

/// What is wrong with an object, and where in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadError {
    /// Path within the object, such as `spec.containers[0].resources.requests.cpu`; `.` is the whole.
    pub path: String,
    /// What was wrong there.
    pub message: String,
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.message)
    }
}

impl std::error::Error for ReadError {}

/// Reads `value` as `T`. Unknown fields are ignored, `null` is an absent field.
///
/// # Errors
/// The first field that is missing or ill-typed, with its path.
pub fn read<T: DeserializeOwned>(value: &Value) -> Result<T, ReadError> {
    // Keeping the path costs more than reading, so that only what is broken is read with it.
    T::deserialize(value).or_else(|_| {
        serde_path_to_error::deserialize(value)
            .map_err(|e| ReadError { path: e.path().to_string(), message: e.inner().to_string() })
    })
}

/// `null` is the zero value, as in Go.
pub(super) fn null<'de, D, T>(d: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::deserialize(d)?.unwrap_or_default())
}

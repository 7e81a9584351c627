//! What must be written at a path so that Helm's merge ends with a wanted value.

use serde_json::{Map, Value};

/// The smallest value that turns `present` into `wanted` when it is merged over it; `None` if they are
/// equal. A key that must go becomes `null` where the chart's own default has it.
///
/// # Errors
/// The path of a key that the team's values have and the plan does not: Helm would render its `null`.
pub(super) fn difference(
    present: Option<&Value>,
    default: Option<&Value>,
    wanted: &Value,
) -> Result<Option<Value>, Vec<String>> {
    let Some(present) = present.filter(|value| !value.is_null()) else { return Ok(Some(wanted.clone())) };
    let (Value::Object(have), Value::Object(want)) = (present, wanted) else {
        return Ok((present != wanted).then(|| wanted.clone()));
    };
    let mut out = Map::new();
    for (key, value) in want {
        let below = default.and_then(|d| d.get(key));
        match difference(have.get(key), below, value) {
            Ok(Some(value)) => {
                out.insert(key.clone(), value);
            }
            Ok(None) => {}
            Err(mut path) => {
                path.insert(0, key.clone());
                return Err(path);
            }
        }
    }
    for key in have.keys().filter(|key| !want.contains_key(*key)) {
        if default.and_then(|d| d.get(key)).is_none() {
            return Err(vec![key.clone()]);
        }
        out.insert(key.clone(), Value::Null);
    }
    Ok((!out.is_empty()).then_some(Value::Object(out)))
}

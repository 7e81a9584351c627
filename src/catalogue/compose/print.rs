//! The text of a catalogue file: short values in one line, one table per component and container.

use serde_json::{Map, Value};

/// Longest line that a list or table may take before it is broken.
const WIDTH: usize = 116;

/// Prints a file; `defaults` come in the chart's order of top-level keys.
pub(super) fn file(tree: &Map<String, Value>, order: &Value) -> String {
    let mut out = String::new();
    for (key, value) in tree.iter().filter(|(_, value)| !is_table(value)) {
        entry(&mut out, key, value);
    }
    for (key, value) in tree.iter().filter(|(key, value)| is_table(value) && *key != "components") {
        let Value::Object(map) = value else { continue };
        if key == "names" {
            for (name, value) in map {
                table(&mut out, &format!("names.{}", self::key(name)), value);
            }
            continue;
        }
        out.push_str(&format!("\n[{}]\n", self::key(key)));
        let mut entries: Vec<_> = map.iter().collect();
        if key == "defaults" {
            entries.sort_by_key(|(path, _)| position(path, order));
        }
        for (key, value) in entries {
            entry(&mut out, key, value);
        }
    }
    for (name, component) in tree.get("components").and_then(Value::as_object).into_iter().flatten() {
        table(&mut out, &format!("components.{}", key(name)), component);
    }
    out
}

fn position(path: &str, order: &Value) -> usize {
    let top = path.split('.').next().unwrap_or_default();
    let order = order.as_array().into_iter().flatten();
    order.into_iter().position(|key| key.as_str() == Some(top)).unwrap_or(usize::MAX)
}

fn is_table(value: &Value) -> bool {
    value.as_object().is_some_and(|map| !map.contains_key("versions"))
}

/// A table with a header; `containers` below it get headers of their own.
fn table(out: &mut String, header: &str, value: &Value) {
    let Value::Object(map) = value else { return };
    if map.contains_key("versions") {
        out.push_str(&format!("\n[{header}]\n"));
        entry(out, "versions", &map["versions"]);
        return;
    }
    out.push_str(&format!("\n[{header}]\n"));
    for (name, value) in map.iter().filter(|(name, _)| *name != "containers") {
        entry(out, name, value);
    }
    for (name, container) in map.get("containers").and_then(Value::as_object).into_iter().flatten() {
        table(out, &format!("{header}.containers.{}", key(name)), container);
    }
}

fn entry(out: &mut String, name: &str, value: &Value) {
    let name = key(name);
    let line = format!("{name} = {}", inline(value));
    if line.len() <= WIDTH {
        out.push_str(&line);
    } else {
        out.push_str(&format!("{name} = {}", broken(value, 0)));
    }
    out.push('\n');
}

/// A value over several lines.
fn broken(value: &Value, depth: usize) -> String {
    let indent = "    ".repeat(depth + 1);
    let close = "    ".repeat(depth);
    let item = |value: &Value, used: usize| {
        let short = inline(value);
        if indent.len() + used + short.len() < WIDTH { short } else { broken(value, depth + 1) }
    };
    match value {
        Value::Array(items) if !items.is_empty() => {
            let lines: Vec<_> = items.iter().map(|value| format!("{indent}{},\n", item(value, 0))).collect();
            format!("[\n{}{close}]", lines.concat())
        }
        Value::Object(map) if !map.is_empty() => {
            let line = |(name, value): (&String, &Value)| {
                let name = key(name);
                format!("{indent}{name} = {},\n", item(value, name.len() + 3))
            };
            format!("{{\n{}{close}}}", map.iter().map(line).collect::<String>())
        }
        _ => inline(value),
    }
}

/// A value in one line.
fn inline(value: &Value) -> String {
    match value {
        Value::Null => "\"\"".into(),
        Value::Bool(b) => b.to_string(),
        Value::Number(n) => n.to_string(),
        Value::String(text) => quoted(text),
        Value::Array(items) => format!("[{}]", items.iter().map(inline).collect::<Vec<_>>().join(", ")),
        Value::Object(map) if map.is_empty() => "{}".into(),
        Value::Object(map) => {
            let entries: Vec<_> = map.iter().map(|(k, v)| format!("{} = {}", key(k), inline(v))).collect();
            format!("{{ {} }}", entries.join(", "))
        }
    }
}

fn key(name: &str) -> String {
    let bare =
        !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    if bare { name.to_owned() } else { quoted(name) }
}

fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            c if c.is_control() => out.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => out.push(c),
        }
    }
    out + "\""
}

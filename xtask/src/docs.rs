//! `cargo xtask docs [--check]`: writes what the registry of codes and the policy's shapes say into
//! `policy.schema.json`, `docs/codes.md` and the reference in `docs/policy.md`; and what the command line
//! says of itself into `completions/` and `man/`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use lifeboat::diag::codes;
use lifeboat::policy;
use serde_json::Value;

const START: &str = "<!-- reference: written by `cargo xtask docs` -->";
const END: &str = "<!-- end of the reference -->";

pub(crate) fn run(mut args: impl Iterator<Item = String>) -> ExitCode {
    let check = match args.next().as_deref() {
        None => false,
        Some("--check") => true,
        Some(other) => {
            eprintln!("docs: unknown argument {other:?}; usage: cargo xtask docs [--check]");
            return ExitCode::from(2);
        }
    };
    let root = root();
    let page = std::fs::read_to_string(root.join("docs/policy.md")).unwrap_or_default();
    let Some(page) = with_reference(&page) else {
        eprintln!("docs: docs/policy.md has lost its marks {START:?} and {END:?}");
        return ExitCode::from(2);
    };
    let files =
        [("policy.schema.json", policy::schema()), ("docs/codes.md", codes_page()), ("docs/policy.md", page)];
    let mut stale = false;
    for (name, text) in files {
        stale |= !settle(&root.join(name), name, &text, check);
    }
    match comfort(&root) {
        Ok(files) => {
            for (name, text) in &files {
                stale |= !settle(&root.join(name), name, text, check);
            }
            stale |= strays(&root, &files, check);
        }
        Err(error) => {
            eprintln!("docs: completions and man pages: {error}");
            return ExitCode::from(2);
        }
    }
    ExitCode::from(u8::from(stale))
}

/// The repository: this package's folder is `xtask` in it.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_path_buf).unwrap_or_default()
}

/// Writes a file, or says that it is stale. Whether all is well.
fn settle(path: &Path, name: &str, text: &str, check: bool) -> bool {
    if std::fs::read_to_string(path).is_ok_and(|old| old == text) {
        return true;
    }
    if check {
        println!("{name} is stale: cargo xtask docs");
        return false;
    }
    let folder = path.parent().unwrap_or(Path::new(""));
    match std::fs::create_dir_all(folder).and_then(|()| std::fs::write(path, text)) {
        Ok(()) => println!("wrote {name}"),
        Err(error) => eprintln!("docs: {name}: {error}"),
    }
    true
}

/// Completions and manual pages, as the binary of this build prints them: name and text.
fn comfort(root: &Path) -> std::io::Result<Vec<(String, String)>> {
    let other = |text: &str| std::io::Error::other(text.to_owned());
    let program = lifeboat_binary(root)?;
    let mut files = Vec::new();
    for (shell, name) in [("bash", "lifeboat.bash"), ("zsh", "_lifeboat"), ("fish", "lifeboat.fish")] {
        let run = Command::new(&program).args(["completions", shell]).output()?;
        let text = String::from_utf8(run.stdout).map_err(|_| other("not UTF-8"))?;
        files.push((format!("completions/{name}"), text));
    }
    let folder = tempfile::tempdir()?;
    let run = Command::new(&program).args(["man", "--out"]).arg(folder.path()).status()?;
    if !run.success() {
        return Err(other("`lifeboat man` failed"));
    }
    for entry in std::fs::read_dir(folder.path())? {
        let entry = entry?;
        let name = format!("man/{}", entry.file_name().to_string_lossy());
        files.push((name, std::fs::read_to_string(entry.path())?));
    }
    files.sort();
    Ok(files)
}

/// Builds the binary in the profile that this program was built in, and says where it is.
fn lifeboat_binary(root: &Path) -> std::io::Result<PathBuf> {
    let me = std::env::current_exe()?;
    let folder = me.parent().unwrap_or(root);
    let mut build = Command::new(env!("CARGO"));
    build.args(["build", "--quiet", "--package", "lifeboat", "--bin", "lifeboat"]).current_dir(root);
    if folder.ends_with("release") {
        build.arg("--release");
    }
    if !build.status()?.success() {
        return Err(std::io::Error::other("the binary does not build"));
    }
    Ok(folder.join(format!("lifeboat{}", std::env::consts::EXE_SUFFIX)))
}

/// Pages of commands that are gone: removed, or reported. Whether there were any while checking.
fn strays(root: &Path, files: &[(String, String)], check: bool) -> bool {
    let mut found = false;
    for folder in ["completions", "man"] {
        for entry in std::fs::read_dir(root.join(folder)).into_iter().flatten().flatten() {
            let name = format!("{folder}/{}", entry.file_name().to_string_lossy());
            if files.iter().any(|(known, _)| *known == name) {
                continue;
            }
            if check {
                println!("{name} is left over: cargo xtask docs");
                found = true;
            } else if std::fs::remove_file(entry.path()).is_ok() {
                println!("removed {name}");
            }
        }
    }
    found
}

fn codes_page() -> String {
    let mut page = String::from(
        "# Codes\n\nWhat lifeboat can find, by area. `lifeboat explain CODE` prints the same. Errors fail a run; warnings can be \
         raised with `-D CODE` or silenced with `-A CODE`; a finding on one target is accepted with `[allow.NAME]` in the policy.\n",
    );
    for (area, codes) in codes::areas() {
        let _ = write!(page, "\n## {area}\n");
        for code in codes {
            let entry = code.0;
            let _ = write!(
                page,
                "\n### `{}`\n\n{}: {}\n\n{}\n\n*To mend it:* {}\n",
                entry.name,
                capital(code.severity_word()),
                entry.summary,
                entry.explanation,
                entry.remedy
            );
        }
    }
    page
}

fn capital(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// The page with its reference written anew.
fn with_reference(page: &str) -> Option<String> {
    let (before, rest) = page.split_once(START)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{START}\n{}\n{END}{after}", reference()))
}

fn reference() -> String {
    let schema = policy::schema_value();
    let mut out = String::new();
    let root = schema.get("properties").and_then(Value::as_object);
    for (key, sub) in root.into_iter().flatten().filter(|(key, _)| *key != "extends") {
        section(&schema, key, sub, &mut out);
    }
    out
}

/// One table with all of its keys; tables inside follow as sections of their own.
fn section(root: &Value, path: &str, schema: &Value, out: &mut String) {
    let about = text(schema, "description");
    let schema = resolve(root, schema);
    let entry = schema.get("additionalProperties").filter(|entry| entry.is_object());
    let own = schema.get("properties").and_then(Value::as_object);
    if let Some(properties) = own {
        let _ = write!(
            out,
            "\n### `[{path}]`\n\n{about}\n\n| key | type | default | meaning |\n| --- | --- | --- | --- |\n"
        );
        for (key, sub) in properties.iter().filter(|(key, _)| !key.ends_with('+')) {
            row(root, key, sub, out);
        }
        for (key, sub) in properties {
            if is_table(root, sub) && !is_size(root, sub) {
                section(root, &format!("{path}.{key}"), sub, out);
            }
        }
    }
    if let Some(entry) = entry
        && resolve(root, entry).get("properties").is_some()
    {
        let inner = format!("{path}.NAME");
        let mut entry = resolve(root, entry).clone();
        let own_about = text(&entry, "description");
        if let (Some(object), true) = (entry.as_object_mut(), own.is_none()) {
            object.insert("description".into(), format!("{about} {own_about}").trim().into());
        }
        section(root, &inner, &entry, out);
    }
}

fn row(root: &Value, key: &str, schema: &Value, out: &mut String) {
    let default = schema.get("default").map_or_else(String::new, |value| format!("`{}`", toml(value)));
    let example = schema.get("examples").and_then(|list| list.get(0));
    let example = example.map_or_else(String::new, |value| format!(" Example: `{}`.", toml(value)));
    let meaning = text(schema, "description").replace('|', "\\|");
    let _ = writeln!(
        out,
        "| `{key}` | {} | {default} | {meaning}{example} |",
        kind(root, schema).replace('|', "\\|")
    );
}

/// A value as it is written in TOML.
fn toml(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let entries: Vec<String> =
                map.iter().map(|(key, value)| format!("{} = {}", toml_key(key), toml(value))).collect();
            format!("{{ {} }}", entries.join(", "))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(toml).collect::<Vec<_>>().join(", ")),
        other => other.to_string(),
    }
}

fn toml_key(key: &str) -> String {
    let bare = key.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    if bare { key.to_owned() } else { format!("{key:?}") }
}

/// The type in words.
fn kind(root: &Value, schema: &Value) -> String {
    let schema = resolve(root, schema);
    if let Some(title) = schema.get("title").and_then(Value::as_str) {
        return title.to_owned();
    }
    if let Some(words) = schema.get("oneOf").and_then(Value::as_array) {
        let words: Vec<_> =
            words.iter().filter_map(|word| Some(format!("`{}`", toml(word.get("const")?)))).collect();
        return words.join(" or ");
    }
    if let Some(branches) = schema.get("anyOf").and_then(Value::as_array) {
        return branches.iter().map(|branch| kind(root, branch)).collect::<Vec<_>>().join(" or ");
    }
    if let Some(words) = schema.get("enum").and_then(Value::as_array) {
        return words.iter().map(|word| format!("`{}`", toml(word))).collect::<Vec<_>>().join(" or ");
    }
    if let Some(word) = schema.get("const") {
        return format!("`{}`", toml(word));
    }
    match schema.get("type") {
        Some(Value::Array(_)) => "quantity".into(),
        Some(Value::String(kind)) => match kind.as_str() {
            "array" => format!(
                "list of {}",
                schema.get("items").map_or_else(String::new, |items| kind_of_items(root, items))
            ),
            "object" => "table".into(),
            other => other.to_owned(),
        },
        _ => String::new(),
    }
}

fn kind_of_items(root: &Value, items: &Value) -> String {
    let kind = kind(root, items);
    if kind.contains('`') { kind } else { format!("{kind}s") }
}

fn is_table(root: &Value, schema: &Value) -> bool {
    resolve(root, schema).get("type") == Some(&Value::from("object"))
}

/// CPU and memory stand in many tables; a row says enough.
fn is_size(root: &Value, schema: &Value) -> bool {
    let properties = resolve(root, schema).get("properties").and_then(Value::as_object);
    properties.is_some_and(|map| map.keys().all(|key| matches!(key.as_str(), "cpu" | "memory" | "pods")))
}

fn text(schema: &Value, key: &str) -> String {
    schema.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn resolve<'a>(root: &'a Value, schema: &'a Value) -> &'a Value {
    let inner = schema.get("allOf").and_then(|all| all.get(0)).unwrap_or(schema);
    let target =
        inner.get("$ref").and_then(Value::as_str).and_then(|r| root.pointer(r.trim_start_matches('#')));
    target.unwrap_or(schema)
}

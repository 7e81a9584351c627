//! A chart as it is packaged: its metadata, its values with those of its sub-charts merged in, its
//! templates. Reads bytes that somebody else found; sizes and depths are bounded, because archives come
//! from anywhere.

use std::collections::BTreeMap;
use std::io::Read;

use semver::Version;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::catalogue::{ValuePath, coalesce};
use crate::yaml;

/// Most bytes of one archive, unpacked.
const MOST_BYTES: u64 = 128 << 20;
/// Most files of one archive.
const MOST_FILES: usize = 20_000;
/// Deepest nesting of sub-charts.
const MOST_DEPTH: usize = 8;

/// Files of a chart by path from the chart's own folder, with `/`.
pub type Files = BTreeMap<String, Vec<u8>>;

/// A chart with everything that a probe reads of it.
#[derive(Clone, Debug)]
pub struct Package {
    /// Name in `Chart.yaml`.
    pub name: String,
    /// Version in `Chart.yaml`.
    pub version: Version,
    /// Description in `Chart.yaml`.
    pub about: Option<String>,
    /// Defaults: the chart's, over those of its sub-charts under their keys.
    pub values: Value,
    /// Texts of all templates with the values key that `.Values` stands for in them (empty: the root).
    pub templates: Vec<Template>,
    /// Keys (aliases) and names of all sub-charts, the chart itself first with no key.
    pub charts: Vec<(Vec<String>, String)>,
    /// Keys of sub-charts whose templates the package lacks: those that `Chart.yaml` names, and those that
    /// somebody told it of.
    pub hollow: Vec<ValuePath>,
    /// SHA-256 over all files, hex.
    pub digest: String,
}

/// One template file.
#[derive(Clone, Debug)]
pub struct Template {
    /// Keys from the root values to what the template calls `.Values`.
    pub under: Vec<String>,
    /// Its text.
    pub text: String,
}

impl Package {
    /// Reads a packaged chart (`.tgz`).
    ///
    /// # Errors
    /// What is wrong with it, in a few words.
    pub fn of_archive(bytes: &[u8]) -> Result<Self, String> {
        Self::of_files(&unpack(bytes)?)
    }

    /// Reads a chart's files.
    ///
    /// # Errors
    /// What is wrong with them, in a few words.
    pub fn of_files(files: &Files) -> Result<Self, String> {
        let mut digest = Sha256::new();
        for (path, bytes) in files {
            digest.update(path.len().to_le_bytes());
            digest.update(path);
            digest.update(bytes.len().to_le_bytes());
            digest.update(bytes);
        }
        let mut reader = Reader::default();
        let (head, values) = reader.chart(files, &[], 0)?;
        let text = |key: &str| head.get(key).and_then(Value::as_str).map(str::to_owned);
        let name = text("name").ok_or("Chart.yaml has no `name`")?;
        let version = text("version").ok_or("Chart.yaml has no `version`")?;
        let version = version.trim_start_matches('v').parse();
        let version = version.map_err(|error| format!("the version in Chart.yaml is none: {error}"))?;
        Ok(Self {
            name,
            version,
            about: text("description"),
            values,
            templates: reader.templates,
            charts: reader.charts,
            hollow: reader.hollow,
            digest: hex(&digest.finalize()),
        })
    }

    /// Counts keys among the hollow ones where no sub-chart stands: whoever packs a chart without a sub-chart
    /// takes its line out of `Chart.yaml` too, for Helm refuses what is named and missing.
    pub fn note_lacking<'k>(&mut self, keys: impl Iterator<Item = &'k ValuePath>) {
        for key in keys {
            let stands = self.charts.iter().any(|(at, _)| ValuePath::of(at.iter().cloned()) == *key);
            if !stands && !self.hollow.contains(key) {
                self.hollow.push(key.clone());
            }
        }
    }

    /// Every path of the defaults, maps and leaves.
    #[must_use]
    pub fn paths(&self) -> Vec<ValuePath> {
        let mut out = Vec::new();
        walk(&self.values, &mut Vec::new(), &mut out);
        out
    }
}

fn walk(value: &Value, at: &mut Vec<String>, out: &mut Vec<ValuePath>) {
    for (key, below) in value.as_object().into_iter().flatten() {
        at.push(key.clone());
        out.push(ValuePath::of(at.clone()));
        walk(below, at, out);
        at.pop();
    }
}

#[derive(Default)]
struct Reader {
    templates: Vec<Template>,
    hollow: Vec<ValuePath>,
    charts: Vec<(Vec<String>, String)>,
}

impl Reader {
    /// `Chart.yaml` and the merged values of a chart whose values stand under some keys.
    fn chart(&mut self, files: &Files, under: &[String], depth: usize) -> Result<(Value, Value), String> {
        if depth > MOST_DEPTH {
            return Err(format!("sub-charts nested deeper than {MOST_DEPTH}"));
        }
        let head = document(files, "Chart.yaml")?.ok_or("there is no Chart.yaml")?;
        let own = document(files, "values.yaml")?.unwrap_or_else(|| Value::Object(Map::new()));
        let name = head.get("name").and_then(Value::as_str).unwrap_or_default();
        self.charts.push((under.to_vec(), name.to_owned()));
        for (path, bytes) in files.iter().filter(|(path, _)| path.starts_with("templates/")) {
            if [".yaml", ".yml", ".tpl", ".txt"].iter().any(|end| path.ends_with(end)) {
                let text = String::from_utf8_lossy(bytes).into_owned();
                self.templates.push(Template { under: under.to_vec(), text });
            }
        }
        let mut values = Value::Object(Map::new());
        let mut declared = dependencies(&head);
        for (folder, files) in sub_charts(files)? {
            let name = document(&files, "Chart.yaml")?
                .and_then(|head| Some(head.get("name")?.as_str()?.to_owned()))
                .ok_or_else(|| format!("charts/{folder}: Chart.yaml has no `name`"))?;
            // A chart that brings nothing is a placeholder, or a library.
            let empty = !files
                .keys()
                .any(|path| ["templates/", "crds/", "charts/"].iter().any(|f| path.starts_with(f)));
            declared.retain(|(_, declared)| *declared != name || empty);
            for key in keys(&head, &name) {
                let mut at = under.to_vec();
                at.push(key.clone());
                let (_, below) = self.chart(&files, &at, depth + 1)?;
                ValuePath::of([key]).set(&mut values, below);
            }
        }
        let missing = declared.into_iter().map(|(key, _)| ValuePath::of(under.iter().cloned().chain([key])));
        self.hollow.extend(missing);
        let merged = coalesce(&values, &own);
        Ok((head, merged))
    }
}

/// Sub-charts that `Chart.yaml` names: the key under which their values stand, and their name.
fn dependencies(head: &Value) -> Vec<(String, String)> {
    let all = head.get("dependencies").and_then(Value::as_array).into_iter().flatten();
    let pairs = all.filter_map(|dependency| {
        let name = dependency.get("name")?.as_str()?;
        let key = dependency.get("alias").and_then(Value::as_str).unwrap_or(name);
        Some((key.to_owned(), name.to_owned()))
    });
    pairs.collect()
}

/// The keys under which a sub-chart's values stand: its aliases, or its name.
fn keys(head: &Value, name: &str) -> Vec<String> {
    let mine = dependencies(head).into_iter().filter(|(_, declared)| declared == name);
    let keys: Vec<String> = mine.map(|(key, _)| key).collect();
    if keys.is_empty() { vec![name.to_owned()] } else { keys }
}

/// Sub-charts below `charts/`, folders and archives, by folder or file name.
fn sub_charts(files: &Files) -> Result<BTreeMap<String, Files>, String> {
    let mut out: BTreeMap<String, Files> = BTreeMap::new();
    for (path, bytes) in files {
        let Some(rest) = path.strip_prefix("charts/") else { continue };
        match rest.split_once('/') {
            Some((folder, rest)) => {
                out.entry(folder.to_owned()).or_default().insert(rest.to_owned(), bytes.clone());
            }
            None if rest.ends_with(".tgz") => {
                let files = unpack(bytes).map_err(|error| format!("{path}: {error}"))?;
                out.insert(rest.to_owned(), files);
            }
            None => {}
        }
    }
    out.retain(|_, files| files.contains_key("Chart.yaml"));
    Ok(out)
}

fn document(files: &Files, name: &str) -> Result<Option<Value>, String> {
    let Some(bytes) = files.get(name) else { return Ok(None) };
    let text = std::str::from_utf8(bytes).map_err(|error| format!("{name}: {error}"))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let document = yaml::read(text, 1, &yaml::Budget::default())
        .map_err(|error| format!("{name}:{}: {}", error.at, error.message))?;
    let value = document.root.map(yaml::Node::into_json).unwrap_or_default();
    Ok(Some(if value.is_null() { Value::Object(Map::new()) } else { value }))
}

/// Unpacks a packaged chart; paths lose their first folder, which is the chart's name.
///
/// # Errors
/// An archive that is broken or larger than a chart can be.
pub fn unpack(bytes: &[u8]) -> Result<Files, String> {
    let wrong = |error: std::io::Error| format!("no chart package: {error}");
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(bytes).take(MOST_BYTES));
    let mut files = Files::new();
    let mut total = 0;
    for entry in archive.entries().map_err(wrong)? {
        let mut entry = entry.map_err(wrong)?;
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let path = entry.path().map_err(wrong)?.to_string_lossy().replace('\\', "/");
        let path = path.trim_start_matches("./");
        let Some((_, inside)) = path.split_once('/') else { continue };
        let inside = inside.to_owned();
        let mut content = Vec::new();
        total += entry.read_to_end(&mut content).map_err(wrong)?;
        files.insert(inside, content);
        if files.len() > MOST_FILES || total as u64 >= MOST_BYTES {
            return Err(format!("more than {MOST_FILES} files or {MOST_BYTES} bytes"));
        }
    }
    Ok(files)
}

/// Bytes as lower-case hexadecimal digits.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

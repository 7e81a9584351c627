//! The team's own values files: read as Helm reads them and merged in its order. The overlay is
//! computed on top of them, so what they say is part of the plan.

use serde_json::{Map, Value};

use crate::catalogue::merge_files;
use crate::diag::{Diagnostic, codes::build as codes};
use crate::plan::TeamValues;
use crate::policy::{Policy, Service};
use crate::shape::Field;
use crate::source::extends::Loader;
use crate::source::{SourceMap, Span};
use crate::yaml;

/// Most bytes of one values file.
const LIMIT: u64 = 4 << 20;

/// The merged values of every service of a policy, in its order, and what is wrong with the files.
pub fn read(
    loader: &dyn Loader,
    sources: &mut SourceMap,
    policy: &Policy,
) -> (Vec<TeamValues>, Vec<Diagnostic>) {
    let mut found = Vec::new();
    let team = policy.services.iter().map(|service| of(loader, sources, service, &mut found)).collect();
    (team, found)
}

fn of(
    loader: &dyn Loader,
    sources: &mut SourceMap,
    service: &Service,
    found: &mut Vec<Diagnostic>,
) -> TeamValues {
    let mut merged = Value::Object(Map::new());
    for file in &service.values {
        if let Some(values) = one(loader, sources, file, found) {
            merged = merge_files(&merged, &values);
        }
    }
    TeamValues { merged }
}

fn one(
    loader: &dyn Loader,
    sources: &mut SourceMap,
    file: &Field<String>,
    found: &mut Vec<Diagnostic>,
) -> Option<Value> {
    let name = &file.value;
    let named = |diagnostic: Diagnostic| match file.span {
        Some(span) => diagnostic.at(span, "named here"),
        None => diagnostic,
    };
    let text = match loader.load(name, LIMIT) {
        Ok(text) => text,
        Err(error) => {
            let message = format!("the values file `{name}` cannot be read: {error}");
            let help = "write its path relative to the policy file that names it";
            found.push(named(Diagnostic::new(codes::VALUES_UNREADABLE, message).help(help)));
            return None;
        }
    };
    let id = sources.add(name, text.clone());
    match yaml::read(&text, 1, &yaml::Budget::default()) {
        Ok(document) => {
            for duplicate in &document.duplicates {
                let key = duplicate.path.join(".");
                let message = format!("`{key}` stands twice in `{name}`; Helm keeps the last");
                let place = |at: yaml::Place| span(sources, id, at);
                found.push(
                    Diagnostic::new(codes::VALUES_DUPLICATE_KEY, message)
                        .at(place(duplicate.second), "this one wins")
                        .label(place(duplicate.first), "this one is ignored")
                        .help("delete one of them"),
                );
            }
            let Some(root) = document.root else { return Some(Value::Object(Map::new())) };
            let value = root.to_json();
            if value.is_object() || value.is_null() {
                return Some(value);
            }
            let message = format!("`{name}` is no map of values");
            found.push(named(
                Diagnostic::new(codes::VALUES_UNREADABLE, message).help("a values file is a map"),
            ));
            None
        }
        Err(error) => {
            let message = format!("`{name}` is no YAML that Helm reads: {}", error.message);
            let diagnostic = Diagnostic::new(codes::VALUES_UNREADABLE, message)
                .at(span(sources, id, error.at), "here")
                .help(error.help.unwrap_or_else(|| "mend the file".to_owned()));
            found.push(match file.span {
                Some(span) => diagnostic.label(span, "named here"),
                None => diagnostic,
            });
            None
        }
    }
}

/// The place of a YAML node to the end of its line.
pub(crate) fn span(sources: &SourceMap, file: crate::source::FileId, at: yaml::Place) -> Span {
    let source = sources.get(file);
    let range = source.line_range(at.line as usize).unwrap_or(0..0);
    let line = &source.text[range.clone()];
    let column = (at.column as usize).saturating_sub(1);
    let offset = line.char_indices().nth(column).map_or(line.len(), |(i, _)| i);
    Span::new(file, range.start + offset, range.end)
}

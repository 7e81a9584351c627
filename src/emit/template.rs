//! Templates of the scripts, units and pages, and the one engine that renders them.
//!
//! A template gets a plain serialisable context and nothing else. The engine is strict: an undefined
//! name fails, and each printed value is quoted for the kind of file that it goes to. What an engine
//! cannot know, the templates keep to, and [`lint`] checks: a shell template prints values only in
//! lines `NAME={{ value }}` above its raw body, because quoting is sound only for a bare word.

use std::sync::LazyLock;

use minijinja::value::{Rest, Serde, ValueKind};
use minijinja::{AutoEscape, Environment, Error, ErrorKind, Output, State, UndefinedBehavior, Value};
use serde::Serialize;

/// The embedded templates: name, source. The name's ending decides how values are quoted.
pub const TEMPLATES: &[(&str, &str)] = &[
    ("RUNBOOK.md", include_str!("../../templates/RUNBOOK.md")),
    ("cluster/install.sh", include_str!("../../templates/cluster/install.sh")),
    ("cluster/recovery/backup-sqlite.sh", include_str!("../../templates/cluster/recovery/backup-sqlite.sh")),
    ("cluster/recovery/check-backup.sh", include_str!("../../templates/cluster/recovery/check-backup.sh")),
    ("cluster/recovery/fence.sh", include_str!("../../templates/cluster/recovery/fence.sh")),
    (
        "cluster/recovery/lifeboat-backup.service",
        include_str!("../../templates/cluster/recovery/lifeboat-backup.service"),
    ),
    (
        "cluster/recovery/lifeboat-backup.timer",
        include_str!("../../templates/cluster/recovery/lifeboat-backup.timer"),
    ),
    (
        "cluster/recovery/lifeboat-fence.service",
        include_str!("../../templates/cluster/recovery/lifeboat-fence.service"),
    ),
    (
        "cluster/recovery/lifeboat-fence.timer",
        include_str!("../../templates/cluster/recovery/lifeboat-fence.timer"),
    ),
    ("cluster/recovery/rebalance.sh", include_str!("../../templates/cluster/recovery/rebalance.sh")),
    ("cluster/recovery/restore.md", include_str!("../../templates/cluster/recovery/restore.md")),
    ("cluster/recovery/status.sh", include_str!("../../templates/cluster/recovery/status.sh")),
    ("cluster/taints.sh", include_str!("../../templates/cluster/taints.sh")),
    ("lib/common.sh", include_str!("../../templates/lib/common.sh")),
    ("lib/paths.sh", include_str!("../../templates/lib/paths.sh")),
    ("lib/time.sh", include_str!("../../templates/lib/time.sh")),
];

/// A template could not be rendered, which is a bug of lifeboat and never the user's mistake: the
/// policy is checked before anything is rendered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RenderError {
    /// Name of the template.
    pub template: String,
    /// What went wrong, with the template's line where it is known.
    pub message: String,
}

impl std::fmt::Display for RenderError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "template {} cannot be rendered, which is a bug of lifeboat: {}",
            self.template, self.message
        )
    }
}

impl std::error::Error for RenderError {}

/// Renders the template of this name. The text ends with one newline.
///
/// # Errors
/// If the context lacks a name, or holds a value that has no safe form in this kind of file, such as
/// a control character.
pub fn render<C: Serialize>(name: &str, context: &C) -> Result<String, RenderError> {
    render_in(&ENGINE, name, context)
}

/// Renders a template that is not embedded, under the rules of `name`'s ending: for tests of the
/// engine itself.
///
/// # Errors
/// As [`render`], and if the source is no template.
pub fn render_source<C: Serialize>(name: &str, source: &str, context: &C) -> Result<String, RenderError> {
    let mut engine = engine();
    engine.add_template_owned(name.to_owned(), source.to_owned()).map_err(|error| broken(name, &error))?;
    render_in(&engine, name, context)
}

static ENGINE: LazyLock<Environment<'static>> = LazyLock::new(engine);

fn render_in<C: Serialize>(engine: &Environment<'_>, name: &str, context: &C) -> Result<String, RenderError> {
    let rendered = engine.get_template(name).and_then(|template| template.render(Serde(context)));
    let mut text = rendered.map_err(|error| broken(name, &error))?;
    text.truncate(text.trim_end().len());
    text.push('\n');
    Ok(text)
}

fn broken(name: &str, error: &Error) -> RenderError {
    let place = error.line().map(|line| format!(" (line {line})")).unwrap_or_default();
    RenderError { template: name.to_owned(), message: format!("{error}{place}") }
}

fn engine() -> Environment<'static> {
    let mut engine = Environment::new();
    engine.set_undefined_behavior(UndefinedBehavior::Strict);
    engine.set_auto_escape_callback(|name| match name.rsplit('.').next() {
        Some("sh") => AutoEscape::Custom("sh".into()),
        Some("md") => AutoEscape::Custom("md".into()),
        Some("service" | "timer") => AutoEscape::Custom("unit".into()),
        _ => AutoEscape::None,
    });
    engine.set_formatter(print);
    // The ways around quoting.
    engine.remove_filter("safe");
    engine.remove_filter("escape");
    engine.remove_filter("e");
    engine.add_filter("lines", lines);
    engine.add_filter("table", table);
    engine.add_filter("sh", shell_word);
    engine.add_filter("code", code_span);
    for (name, source) in TEMPLATES {
        if let Err(error) = engine.add_template(name, source) {
            // Found by the test that renders each template; here there is nobody to tell.
            debug_assert!(false, "{name}: {error}");
        }
    }
    engine
}

/// Prints one `{{ value }}`, quoted for the kind of file.
fn print(out: &mut Output<'_>, state: &mut State<'_, '_>, value: &Value) -> Result<(), Error> {
    let AutoEscape::Custom(kind) = state.auto_escape().clone() else {
        return Err(refuse("this kind of file has no quoting rule"));
    };
    // Safe strings come from the filters below only. In a shell script even they are quoted.
    let text = match (value.is_safe(), kind.as_ref()) {
        (true, "sh") => quote_shell(value.as_str().unwrap_or_default())?,
        (true, _) => value.as_str().unwrap_or_default().to_owned(),
        (false, "sh") => quote_shell(&scalar(value)?)?,
        (false, "md") => crate::markdown::escape(&scalar(value)?),
        (false, "unit") => scalar(value)?.replace('%', "%%"),
        _ => return Err(refuse("this kind of file has no quoting rule")),
    };
    out.write_str(&text).map_err(Error::from)
}

/// The text of a string, a number or a boolean; everything else, and control characters, are refused.
fn scalar(value: &Value) -> Result<String, Error> {
    let text = match value.kind() {
        ValueKind::String => value.as_str().unwrap_or_default().to_owned(),
        ValueKind::Bool => if value.is_true() { "true" } else { "false" }.to_owned(),
        ValueKind::Number if value.is_integer() => value.to_string(),
        kind => return Err(refuse(format!("a value of kind {kind} cannot be printed"))),
    };
    if text.chars().any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')) {
        return Err(refuse(format!("{text:?} has a control character")));
    }
    Ok(text)
}

fn refuse(detail: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidOperation, detail.into())
}

/// A shell word that stands for exactly this text, also where it holds newlines.
fn quote_shell(text: &str) -> Result<String, Error> {
    let quoted = shlex::try_quote(text).map_err(|error| refuse(error.to_string()))?;
    Ok(quoted.into_owned())
}

/// `list|lines`: one item a line.
fn lines(list: &Value) -> Result<Value, Error> {
    let items = list.try_iter()?.map(|item| scalar(&item)).collect::<Result<Vec<_>, _>>()?;
    Ok(Value::from_safe_string(items.join("\n")))
}

/// `rows|table('a', 'b')`: one row a line, cells separated by a space. A cell may hold no space and
/// none but the last may be empty, so that `read -r a b` takes the row apart again.
fn table(rows: &Value, columns: Rest<String>) -> Result<Value, Error> {
    let mut text = Vec::new();
    for row in rows.try_iter()? {
        let mut cells = Vec::new();
        for (index, column) in columns.iter().enumerate() {
            let cell = scalar(&row.get_attr(column)?)?;
            if cell.contains(char::is_whitespace) || (cell.is_empty() && index + 1 < columns.len()) {
                return Err(refuse(format!("{cell:?} cannot be a cell of column {column}")));
            }
            cells.push(cell);
        }
        text.push(cells.join(" "));
    }
    Ok(Value::from_safe_string(text.join("\n")))
}

/// `value|sh`: a shell word for the code blocks of a page.
fn shell_word(value: &Value) -> Result<Value, Error> {
    quote_shell(&scalar(value)?).map(Value::from_safe_string)
}

/// `value|code`: a code span, fenced by more backticks than it holds; also right in a table cell.
fn code_span(value: &Value) -> Result<Value, Error> {
    let text = scalar(value)?.replace('|', "\\|");
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let pad = if text.starts_with('`') || text.ends_with('`') || text.is_empty() { " " } else { "" };
    Ok(Value::from_safe_string(format!("{fence}{pad}{text}{pad}{fence}")))
}

/// What is wrong with the form of a shell template, one line each; empty if nothing is.
#[must_use]
pub fn lint(source: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut raw = false;
    for (number, line) in (1..).zip(source.lines()) {
        match line.trim() {
            "{% raw -%}" => raw = true,
            "{%- endraw %}" => raw = false,
            _ if raw || !(line.contains("{{") || line.contains("{%") || line.contains("{#")) => {}
            line if line.starts_with("{% include ") || line.starts_with("{#") => {}
            line if is_assignment(line) => {}
            _ => wrong.push(format!("line {number}: values are printed only as NAME={{{{ value }}}}")),
        }
    }
    wrong
}

fn is_assignment(line: &str) -> bool {
    line.split_once('=').is_some_and(|(name, value)| {
        !name.is_empty()
            && name.chars().all(|c| c.is_ascii_uppercase() || c == '_')
            && value.starts_with("{{ ")
            && value.ends_with(" }}")
            && value.matches("{{").count() == 1
    })
}

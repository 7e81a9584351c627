//! What the registry says of a code, for the terminal, for programs, and for `docs/codes.md`.

use serde_json::{Value, json};

use super::Code;
use crate::diag::Severity;

impl Code {
    /// The severity in a word.
    #[must_use]
    pub fn severity_word(self) -> &'static str {
        match self.severity() {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        }
    }

    /// A page for the terminal.
    #[must_use]
    pub fn to_text(self) -> String {
        let entry = self.0;
        format!(
            "{}[{}]: {}\n\n{}\n\nTo mend it: {}\n",
            self.severity_word(),
            entry.name,
            entry.summary,
            wrap(entry.explanation),
            wrap(entry.remedy)
        )
    }

    /// The same for programs.
    #[must_use]
    pub fn to_json(self) -> Value {
        json!({
            "code": self.0.name,
            "severity": self.severity_word(),
            "summary": self.0.summary,
            "explanation": self.0.explanation,
            "remedy": self.0.remedy,
        })
    }
}

/// Wraps a paragraph at 100 characters.
fn wrap(text: &str) -> String {
    let mut out = String::new();
    let mut column = 0;
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if column > 0 && column + 1 + length > 100 {
            out.push('\n');
            column = 0;
        } else if column > 0 {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += length;
    }
    out
}

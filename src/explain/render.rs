//! An answer for a terminal.

use super::Page;

/// Parts with their notes; below a note the line of the source that says so.
#[must_use]
pub fn human(page: &Page) -> String {
    let mut out = format!("{}\n", page.title);
    for part in &page.parts {
        out.push_str(&format!("\n{}\n", part.title));
        for note in &part.notes {
            let indent = "  ".repeat(note.depth + 1);
            out.push_str(&format!("{indent}{}\n", note.text));
            if let Some(at) = &note.at {
                out.push_str(&format!("{indent}  {}:{}  {}\n", at.file, at.line, at.text));
            }
        }
    }
    out
}

//! For `SURVIVAL.md` and pull requests.

use super::words::{claim_text, column_title, merged_rows, waiting, words};
use crate::prove::{Proof, Proved, Verdict};

/// The survival table and the claims.
#[must_use]
pub fn markdown(proof: &Proof) -> String {
    let mut out = String::new();
    let rows = merged_rows(proof, false);
    out.push_str("| lost |");
    for row in &rows {
        out.push_str(&format!(" {} |", escape(&row.name)));
    }
    out.push_str("\n|---|");
    out.push_str(&"---|".repeat(rows.len()));
    out.push('\n');
    for column in &proof.columns {
        let mut title = column_title(proof, column);
        if !column.scenarios.is_empty() {
            title = format!("**{}**: {title}", column.scenarios.join(", "));
        }
        out.push_str(&format!("| {} |", escape(&title)));
        for row in &rows {
            out.push_str(&format!(" {} |", escape(&words(column, row))));
        }
        out.push('\n');
    }
    out.push_str(
        "\nSeconds are those of the canonical order, from the loss, or from the fence where a cell says so. ",
    );
    out.push_str("`~`: the end, too, is that of the canonical order; other orders may end otherwise.\n");
    let waiting: Vec<String> = proof
        .columns
        .iter()
        .flat_map(|column| {
            let title = column_title(proof, column);
            waiting(proof, column).into_iter().map(move |line| format!("- {title}: {line}\n"))
        })
        .collect();
    if !waiting.is_empty() {
        out.push_str(&format!("\nWho waits, and why:\n\n{}", waiting.concat()));
    }
    if !proof.claims.is_empty() {
        out.push_str("\n| scenario | claim | verdict | because |\n|---|---|---|---|\n");
        for proven in &proof.claims {
            let because = match &proven.verdict {
                Verdict::Proved(Proved::Bound(why)) => {
                    let mut texts: Vec<String> = why
                        .iter()
                        .filter(|a| !matches!(a, crate::prove::Argument::StaysPut))
                        .map(ToString::to_string)
                        .collect();
                    let more = texts.len().saturating_sub(2);
                    texts.truncate(2);
                    if more > 0 {
                        texts.push(format!("and {more} more"));
                    }
                    texts.join("; ")
                }
                Verdict::Refuted { trace, .. } => trace.end.first().cloned().unwrap_or_default(),
                Verdict::Proved(Proved::Explored { .. }) | Verdict::Sampled { .. } => String::new(),
            };
            out.push_str(&format!(
                "| {} | {} | {} | {} |\n",
                escape(&proven.claim.scenario),
                escape(&claim_text(&proven.claim)),
                proven.verdict,
                escape(&because)
            ));
        }
    }
    out.push_str(&format!("\nAssumed: {}.\n", proof.assumptions.join("; ")));
    out
}

fn escape(text: &str) -> String {
    text.replace('\\', "\\\\").replace('|', "\\|").replace('\n', " ")
}

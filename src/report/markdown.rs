//! The report for a README or a pull request.

use crate::markdown::escape as text;
use crate::prove::{Proof, render};

/// The survival table and the claims, with the explanation of each cell folded away below.
#[must_use]
pub fn markdown(cluster: &str, proof: &Proof) -> String {
    let mut out = format!("# What survives: cluster {}\n\n", text(cluster));
    out.push_str(&render::markdown(proof));
    let table = super::table::table(proof);
    for column in &table.columns {
        let title = if column.title == "none" { "nothing is lost" } else { &column.title };
        out.push_str(&format!("\n<details><summary>Why: {}</summary>\n\n", text(title)));
        for (claim, verdict) in &column.claims {
            out.push_str(&format!("- {}: **{}**\n", text(claim), text(verdict)));
        }
        for (row, cell) in table.rows.iter().zip(&column.cells) {
            out.push_str(&format!("- **{}**: {}\n", text(&row.name), text(&cell.words)));
            for line in &cell.because {
                out.push_str(&format!("  - {}\n", text(line)));
            }
        }
        out.push_str("\n</details>\n");
    }
    out
}

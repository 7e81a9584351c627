//! The page: one file, nothing fetched. Without JavaScript it shows the table, the pictures of the named
//! scenarios and the explanations; with it, a click takes a node away.

use std::fmt::Write;

use serde_json::Value;

use super::svg::{self, escape};
use super::table::{Table, table};
use super::{Report, look};
use crate::lifecycle::NodeId;
use crate::policy::Phase;
use crate::prove::{Mark, Verdict};

const CSS: &str = include_str!("../../templates/report/page.css");
const JS: &str = include_str!("../../templates/report/page.js");
const STAGE: &str = include_str!("../../templates/report/stage.html");

/// The whole page.
#[must_use]
pub fn page(report: &Report<'_>) -> String {
    let table = table(report.proof);
    let mut out = String::with_capacity(300_000);
    let name = escape(&report.cluster);
    // Nothing may be fetched, not even by mistake.
    let policy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; \
                  base-uri 'none'; form-action 'none'";
    let _ = write!(
        out,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">\n\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>What survives: cluster {name}</title>\n<link rel=\"icon\" href=\"data:,\">\n\
         <style>\n{CSS}\n{}\n</style>\n</head>\n<body>\n\
         <header><h1>What survives: cluster {name}</h1>{}</header>\n<main>\n{STAGE}",
        svg::style(),
        claims(report)
    );
    rows(&mut out, &table);
    explanations(&mut out, &table);
    pictures(&mut out, report, &table);
    let _ = write!(
        out,
        "</main>\n<footer><p>Assumed: {}.</p><p>Written by lifeboat. Everything here was played by its prover; \
         this page only looks it up.</p></footer>\n<script type=\"application/json\" id=\"data\">{}</script>\n\
         <script>\n{JS}\n</script>\n</body>\n</html>\n",
        escape(&report.proof.assumptions.join("; ")),
        safe(&look::data(report, &table))
    );
    out
}

/// JSON that cannot end the element which holds it.
fn safe(value: &Value) -> String {
    value.to_string().replace('<', "\\u003c").replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029")
}

fn claims(report: &Report<'_>) -> String {
    let mut out = String::from("<ul class=\"claims\">");
    for proven in &report.proof.claims {
        let class = match &proven.verdict {
            Verdict::Proved(_) => "proved",
            Verdict::Refuted { .. } => "refuted",
            Verdict::Sampled { .. } => "open",
        };
        let text = crate::prove::render::claim_text(&proven.claim);
        let _ = write!(
            out,
            "<li class=\"{class}\"><b>{}</b> {} <em>{}</em></li>",
            escape(&proven.claim.scenario),
            escape(&text),
            escape(&proven.verdict.to_string())
        );
    }
    out.push_str("</ul>");
    let (proved, all) =
        report.proof.claims.iter().fold((0, 0), |(p, n), c| (p + usize::from(c.verdict.is_proved()), n + 1));
    if all == 0 {
        return "<p class=\"sum\">The policy claims nothing.</p>".to_owned();
    }
    format!(
        "<details class=\"sum\"><summary>{proved} of {all} claims of the policy are proved{}</summary>{out}</details>",
        if report.proof.refuted() { ", some are <b class=\"bad\">refuted</b>" } else { "" }
    )
}

/// The survival table.
fn rows(out: &mut String, table: &Table) {
    out.push_str("<section id=\"table\"><h2>Every loss</h2><div class=\"scroll\"><table><thead><tr><th scope=\"col\">lost</th>");
    for row in &table.rows {
        let _ = write!(out, "<th scope=\"col\">{}</th>", escape(&row.name));
    }
    out.push_str("</tr></thead><tbody>\n");
    for (c, lost) in table.columns.iter().enumerate() {
        let scenario = lost.scenarios.iter().map(|s| format!("<b>{}</b>", escape(s))).collect::<String>();
        let _ = write!(
            out,
            "<tr><th scope=\"row\"><a class=\"see\" href=\"{}\" data-column=\"{c}\">{scenario}{}</a></th>",
            picture_link(lost.scenarios.is_empty(), c),
            escape(&lost.title)
        );
        for (r, cell) in lost.cells.iter().enumerate() {
            let _ = write!(
                out,
                "<td class=\"{}\" data-label=\"{}\"><a href=\"#why-{c}-{r}\" data-column=\"{c}\" data-row=\"{r}\">{}</a></td>",
                mark(cell.mark),
                escape(&table.rows[r].name),
                escape(&cell.words)
            );
        }
        out.push_str("</tr>\n");
    }
    out.push_str(
        "</tbody></table></div><p class=\"note\">Seconds count from the loss, or from the fence where a cell says so. \
         <code>~</code>: as in the canonical order of events; other orders may end otherwise. A cell leads to its \
         explanation, the first column to the picture.</p></section>\n",
    );
}

/// Where a column's picture is for readers without JavaScript.
fn picture_link(unnamed: bool, column: usize) -> String {
    if unnamed { format!("#why-{column}") } else { format!("#picture-{column}") }
}

fn mark(mark: Mark) -> &'static str {
    match mark {
        Mark::Idle => "idle",
        Mark::Running => "up",
        Mark::Lifeboat => "boat",
        Mark::Partly => "partly",
        Mark::Pending => "pending",
        Mark::Pinned | Mark::Stuck => "stuck",
        Mark::Lost | Mark::Down => "down",
    }
}

fn explanations(out: &mut String, table: &Table) {
    out.push_str("<section id=\"why\"><h2>Why</h2>\n");
    for (c, lost) in table.columns.iter().enumerate() {
        let title =
            if lost.title == "none" { "nothing lost".to_owned() } else { format!("lost: {}", lost.title) };
        let _ = write!(out, "<details id=\"why-{c}\"><summary>{}</summary>", escape(&title));
        if !lost.claims.is_empty() {
            out.push_str("<ul>");
            for (claim, verdict) in &lost.claims {
                let _ = write!(out, "<li>{}: <b>{}</b></li>", escape(claim), escape(verdict));
            }
            out.push_str("</ul>");
        }
        out.push_str("<dl>");
        for (r, cell) in lost.cells.iter().enumerate() {
            let _ = write!(
                out,
                "<dt id=\"why-{c}-{r}\" tabindex=\"-1\">{}: {}</dt>",
                escape(&table.rows[r].name),
                escape(&cell.words)
            );
            for line in &cell.because {
                let _ = write!(out, "<dd>{}</dd>", escape(line));
            }
        }
        out.push_str("</dl></details>\n");
    }
    out.push_str("</section>\n");
}

/// Pictures of the named scenarios, for readers without JavaScript and for paper.
fn pictures(out: &mut String, report: &Report<'_>, table: &Table) {
    out.push_str("<section id=\"pictures\"><h2>The named scenarios</h2>\n");
    for (c, lost) in table.columns.iter().enumerate().filter(|(_, l)| !l.scenarios.is_empty()) {
        let order: Vec<Vec<NodeId>> = if lost.set.is_empty() { Vec::new() } else { vec![lost.set.clone()] };
        let phase = if lost.set.is_empty() { Phase::Eviction } else { report.model.last_phase() };
        let Some(scene) = report.atlas.scene(&order, phase) else { continue };
        let _ = writeln!(
            out,
            "<figure id=\"picture-{c}\"><figcaption>{}</figcaption>{}</figure>",
            escape(&lost.scenarios.join(", ")),
            svg::inline(report, scene)
        );
    }
    out.push_str("</section>\n");
}

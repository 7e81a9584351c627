//! What was read, assumed and different, for people and programs.

use serde_json::{Value, json};

use super::Observed;

/// Lines for a terminal: what was read, what was assumed, where it differs from the plan.
#[must_use]
pub fn human(observed: &Observed) -> String {
    let counts = &observed.counts;
    let mut out = format!(
        "read: {} documents ({} empty, {} refused), {} objects, {} nodes, {} workloads\n",
        counts.documents,
        counts.empty,
        counts.refused,
        counts.objects,
        observed.cluster.nodes.len(),
        observed.cluster.workloads.len()
    );
    let skipped = skipped(observed);
    if !skipped.is_empty() {
        out.push_str(&format!("skipped: {}\n", skipped.join(", ")));
    }
    for line in &observed.assumed {
        out.push_str(&format!("assumed: {}\n", clean(line)));
    }
    if observed.differences.is_empty() {
        out.push_str("no difference from the plan\n");
    } else {
        out.push_str(&format!("{} differences from the plan:\n", observed.differences.len()));
        let wide = observed.differences.iter().map(|d| d.of.chars().count()).max().unwrap_or(0);
        for difference in &observed.differences {
            let of = clean(&difference.of);
            out.push_str(&format!("  {of:wide$}  {}\n", clean(&difference.what.to_string())));
        }
    }
    out
}

/// The same for programs.
#[must_use]
pub fn json(observed: &Observed) -> Value {
    let differences: Vec<Value> = observed
        .differences
        .iter()
        .map(|d| json!({"of": d.of, "what": d.what.key(), "text": d.what.to_string()}))
        .collect();
    let left_out: serde_json::Map<String, Value> = observed
        .left_out
        .iter()
        .filter(|(_, n)| *n > 0)
        .map(|(what, n)| ((*what).to_owned(), (*n).into()))
        .collect();
    json!({
        "documents": observed.counts.documents,
        "objects": observed.counts.objects,
        "refused": observed.counts.refused,
        "skipped": observed.counts.skipped,
        "leftOut": left_out,
        "assumed": observed.assumed,
        "differences": differences,
    })
}

fn skipped(observed: &Observed) -> Vec<String> {
    let kinds = observed.counts.skipped.iter().map(|(kind, n)| format!("{n} {}", clean(kind)));
    let others = observed.left_out.iter().filter(|(_, n)| *n > 0).map(|(what, n)| format!("{n} {what}"));
    kinds.chain(others).collect()
}

/// Text without control characters: a name from a hostile manifest must not steer a terminal.
fn clean(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { c.escape_default().collect::<String>() } else { c.to_string() })
        .collect()
}

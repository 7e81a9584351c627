//! Kubernetes' text for a pod that fits nowhere.

use std::collections::BTreeMap;

/// `FitError`: how many of `nodes` nodes gave each reason, sorted as texts.
/// Source: `pkg/scheduler/framework/types.go`, v1.34.
#[must_use]
pub fn fit_error<'a>(nodes: usize, reasons: impl IntoIterator<Item = &'a str>) -> String {
    let mut histogram: BTreeMap<&str, usize> = BTreeMap::new();
    for reason in reasons {
        *histogram.entry(reason).or_default() += 1;
    }
    let mut lines: Vec<String> =
        histogram.iter().map(|(reason, count)| format!("{count} {reason}")).collect();
    lines.sort();
    let mut text = format!("0/{nodes} nodes are available:");
    if !lines.is_empty() {
        text.push_str(&format!(" {}.", lines.join(", ")));
    }
    text
}

//! For a terminal.

use super::words::{claim_text, column_title, merged_rows, waiting, words};
use super::{Detail, beyond};
use crate::prove::trace::{Told, Trace};
use crate::prove::{How, Proof, Proved, Verdict};

/// The whole proof: table, then claims with verdicts, assumptions and traces.
#[must_use]
pub fn human(proof: &Proof, detail: Detail) -> String {
    let mut out = table(proof, detail);
    out.push_str(&beyond::planned(proof, detail));
    out.push_str(&beyond::orders(proof, detail));
    out.push_str(&beyond::comebacks(proof));
    out.push_str(beyond::reach(proof));
    out.push('\n');
    out.push_str(&claims(proof, detail));
    out.push_str(&format!("assumed: {}\n", proof.assumptions.join("; ")));
    out
}

fn table(proof: &Proof, detail: Detail) -> String {
    let rows = merged_rows(proof, detail.components);
    let mut out = String::new();
    for column in &proof.columns {
        let scenarios = if column.scenarios.is_empty() {
            String::new()
        } else {
            format!("  [{}]", column.scenarios.join(", "))
        };
        out.push_str(&format!("lost: {}{scenarios}\n", column_title(proof, column)));
        // Rows that end alike are told once.
        let mut told: Vec<(String, Vec<&str>)> = Vec::new();
        for row in &rows {
            let text = words(column, row);
            match told.iter_mut().find(|(t, _)| *t == text) {
                Some((_, names)) => names.push(&row.name),
                None => told.push((text, vec![&row.name])),
            }
        }
        let wide = told.iter().map(|(t, _)| t.chars().count()).max().unwrap_or(0);
        for (text, names) in told {
            let pad = " ".repeat(wide - text.chars().count());
            out.push_str(&format!("  {text}{pad}  {}\n", names.join(", ")));
        }
        for line in waiting(proof, column) {
            out.push_str(&format!("    {line}\n"));
        }
    }
    if proof.columns.iter().any(|c| c.phases.iter().any(|(_, cells)| cells.iter().any(|c| !c.certain()))) {
        out.push_str("~ as in the canonical order, and so are all seconds; other orders may end otherwise\n");
    }
    out
}

/// So many arguments of a bound are told, unless all are wanted.
const ARGUMENTS: usize = 3;

fn claims(proof: &Proof, detail: Detail) -> String {
    let mut out = String::new();
    let mut scenario = None;
    for proven in &proof.claims {
        if scenario != Some(&proven.claim.scenario) {
            out.push_str(&format!("{}\n", proven.claim.scenario));
            scenario = Some(&proven.claim.scenario);
        }
        out.push_str(&format!("  {:<34} {}\n", claim_text(&proven.claim), proven.verdict));
        match &proven.verdict {
            Verdict::Proved(Proved::Bound(why)) => {
                let told: Vec<_> = why.iter().filter(|a| says_something(a)).collect();
                let most = if detail.components { told.len() } else { ARGUMENTS };
                for argument in told.iter().take(most) {
                    out.push_str(&format!("      {argument}\n"));
                }
                if let Some(more @ 1..) = told.len().checked_sub(most) {
                    out.push_str(&format!("      and {more} more (--components)\n"));
                }
            }
            Verdict::Refuted { trace, how } => {
                if let How::Always(why) = how {
                    for argument in why {
                        out.push_str(&format!("      {argument}\n"));
                    }
                }
                out.push_str(&indent(&story(trace, detail.reasons)));
            }
            Verdict::Proved(Proved::Explored { .. }) | Verdict::Sampled { .. } => {}
        }
    }
    out
}

fn says_something(argument: &crate::prove::Argument) -> bool {
    !matches!(argument, crate::prove::Argument::StaysPut)
}

fn indent(text: &str) -> String {
    text.lines().map(|line| format!("      {line}\n")).collect()
}

/// A trace. With reasons a line per event; without, what happened to several at once is told once.
#[must_use]
pub fn story(trace: &Trace, reasons: bool) -> String {
    let mut out = String::new();
    if !trace.without.is_empty() {
        out.push_str(&format!("{:>12}  {}\n", "even", without(&trace.without)));
    }
    for line in &trace.start {
        out.push_str(&format!("{:>12}  {line}\n", "start"));
    }
    if reasons && trace.events.iter().any(|e| e.when.is_some()) {
        out.push_str("in the order of this run; the time of each event is known up to an interval\n");
    }
    for (event, who) in grouped(trace, reasons) {
        let when = event.when.map_or_else(|| "before".to_owned(), |w| w.to_string());
        out.push_str(&format!("{when:>12}  {}: {}\n", names(&who), event.what));
        if reasons {
            for why in &event.why {
                out.push_str(&format!("{:>12}    {why}\n", ""));
            }
        }
    }
    for (who, outage) in &trace.outages {
        out.push_str(&format!("{:>12}  {}: {outage}\n", "away", who.join(", ")));
    }
    for end in &trace.end {
        out.push_str(&format!("{:>12}  so {end}\n", "end"));
    }
    out
}

/// Whom a shortened trace leaves out.
fn without(names: &[String]) -> String {
    let shown = names.iter().take(3).cloned().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(3) {
        0 => format!("in this cluster without {shown}"),
        more => format!("in this cluster without {shown} and {more} more"),
    }
}

/// Events with everybody to whom the same happened at the same time; before the first loss order is left to
/// the witness.
fn grouped(trace: &Trace, reasons: bool) -> Vec<(&Told, Vec<&str>)> {
    let mut groups: Vec<(&Told, Vec<&str>)> = Vec::new();
    let events = if reasons { trace.events.iter().collect() } else { trace.by_time() };
    for event in events {
        let like =
            |(first, _): &&mut (&Told, Vec<&str>)| first.what == event.what && first.when == event.when;
        let near = if event.when.is_none() { groups.len() } else { 1 };
        match groups.iter_mut().rev().take(near).find(like).filter(|_| !reasons) {
            Some((_, who)) => who.push(&event.who),
            None => groups.push((event, vec![&event.who])),
        }
    }
    groups
}

fn names(who: &[&str]) -> String {
    let mut counted: Vec<(&str, usize)> = Vec::new();
    for &name in who {
        match counted.iter_mut().find(|(known, _)| *known == name) {
            Some((_, n)) => *n += 1,
            None => counted.push((name, 1)),
        }
    }
    let names =
        counted.into_iter().map(|(name, n)| if n > 1 { format!("{name} ({n})") } else { name.to_owned() });
    names.collect::<Vec<_>>().join(", ")
}

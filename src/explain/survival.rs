//! A line of `SURVIVAL.md`: why its cells read so, or what decides its claim.

use super::{Note, Page, World, reason};
use crate::prove::render::{claim_text, column_title, merged_rows};
use crate::prove::{How, Proof, Proved, Verdict};
use crate::report::table;

/// Adds what a row of one of the two tables says; whether the line is one.
pub(super) fn add(world: World<'_>, page: &mut Page, text: &str, line: u32) -> bool {
    let Some(proof) = &world.compilation.proof else { return false };
    let Some(artifact) = world.compilation.artifacts.iter().find(|a| a.path == "SURVIVAL.md") else {
        return false;
    };
    // Rows follow a heading and a line of dashes; the first table is the losses', the second the claims'.
    let (mut tables, mut row) = (0, None);
    for line in artifact.text.lines().take(line as usize) {
        row = if line.starts_with("|---") {
            tables += 1;
            Some(0)
        } else {
            row.filter(|_| line.starts_with("| ")).map(|row| row + 1)
        };
    }
    let Some(row) = row.and_then(|row: usize| row.checked_sub(1)).filter(|_| text.starts_with("| ")) else {
        return false;
    };
    match tables {
        1 => loss(proof, page, row),
        2 => claim(world, proof, page, row),
        _ => return false,
    }
    true
}

fn loss(proof: &Proof, page: &mut Page, row: usize) {
    let Some(column) = proof.columns.get(row) else { return };
    let nothing = column.lost.iter().all(Vec::is_empty);
    let what = match column_title(proof, column) {
        _ if nothing => "nothing is lost: where the pods stand, as the scheduler places them".to_owned(),
        title => format!("what becomes of each service when {title} is lost"),
    };
    let mut notes = vec![Note::new(what)];
    notes.extend(column.scenarios.iter().map(|name| Note::new(format!("scenario {name} speaks of it"))));
    page.part("what", notes);
    for shown in merged_rows(proof, false) {
        let told = table::cell(proof, column, &shown);
        page.part(
            &format!("{}: {}", shown.name, told.words),
            told.because.into_iter().map(Note::new).collect(),
        );
    }
}

fn claim(world: World<'_>, proof: &Proof, page: &mut Page, row: usize) {
    let Some(proven) = proof.claims.get(row) else { return };
    let claim = &proven.claim;
    let text = format!("scenario {}: {}: {}", claim.scenario, claim_text(claim), proven.verdict);
    page.part("what", vec![Note::at(text, claim.span.map(|span| reason::at(world, span)))]);
    page.part("because", arguments(&proven.verdict).into_iter().map(Note::new).collect());
}

/// What a verdict rests on.
pub(super) fn arguments(verdict: &Verdict) -> Vec<String> {
    match verdict {
        Verdict::Proved(Proved::Bound(why)) => why.iter().map(ToString::to_string).collect(),
        Verdict::Proved(Proved::Explored { states }) => {
            vec![format!("each of {states} reachable states keeps it")]
        }
        Verdict::Refuted { trace, how } => {
            let mut lines: Vec<String> = match how {
                How::Always(why) => why.iter().map(ToString::to_string).collect(),
                _ => Vec::new(),
            };
            lines.extend(trace.end.iter().cloned());
            lines
        }
        Verdict::Sampled { .. } => {
            vec!["no bound decides it, and no run that was tried breaks it".to_owned()]
        }
    }
}

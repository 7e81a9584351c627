//! What the policy promises and Kubernetes does not do, as findings with the policy's lines.

use crate::diag::{Diagnostic, codes::proof as codes};

use super::Proof;
use super::render::claim_text;
use super::verdict::{How, Verdict};

/// So many workloads that break a claim are named.
const NAMED: usize = 4;

/// The findings of a proof. `helps` says of refuted claims, by their place in the proof, what would make them true.
#[must_use]
pub fn of(proof: &Proof, helps: &[(usize, String)]) -> Vec<Diagnostic> {
    let help = |i: usize| helps.iter().find(|(claim, _)| *claim == i).map(|(_, help)| help.clone());
    let found = proof.claims.iter().enumerate().filter_map(|(i, proven)| {
        let finding = finding(proven)?;
        Some(match help(i) {
            Some(help) => finding.help(help),
            None => finding,
        })
    });
    found.collect()
}

fn finding(proven: &super::Proven) -> Option<Diagnostic> {
    let claim = &proven.claim;
    let text = claim_text(claim);
    match &proven.verdict {
        Verdict::Proved(_) => None,
        Verdict::Sampled { runs } => {
            let message = format!("`{}`: `{text}` is not proved, it held in {runs} runs", claim.scenario);
            let finding = Diagnostic::new(codes::CLAIM_NOT_PROVED, message);
            Some(match claim.span {
                Some(span) => finding.at(span, "neither proved nor refuted"),
                None => finding,
            })
        }
        Verdict::Refuted { trace, how } => {
            let how_often = match how {
                How::Always(_) | How::AlwaysExplored { .. } => "in every run".to_owned(),
                How::SomeExplored { failed, ends, .. } => format!("in {failed} of all {ends} ends"),
                How::Some { failed, runs } => format!("in {failed} of {runs} runs tried"),
            };
            let message = format!("`{}`: `{text}` is refuted {how_often}", claim.scenario);
            let mut finding = Diagnostic::new(codes::CLAIM_REFUTED, message);
            if let Some(span) = claim.span {
                finding = finding.at(span, "this is not what happens");
            }
            for end in trace.end.iter().take(NAMED) {
                finding = finding.note(end.clone());
            }
            if let Some(more @ 1..) = trace.end.len().checked_sub(NAMED) {
                finding = finding.note(format!("and {more} more"));
            }
            Some(finding)
        }
    }
}

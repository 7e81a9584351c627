//! Claims whose verdict changed.

use serde::Serialize;

use super::Side;
use crate::prove::render::claim_text;
use crate::prove::{Argument, How, Proven, Verdict};

/// A claim that is judged otherwise than before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Flip {
    /// The scenario.
    pub scenario: String,
    /// The claim as the policy writes it.
    pub claim: String,
    /// The verdict before; none if the claim is new.
    pub before: Option<String>,
    /// The verdict now; none if the claim is gone.
    pub after: Option<String>,
    /// Whether it is refuted now.
    pub refuted: bool,
    /// Whether it was refuted before.
    pub was_refuted: bool,
    /// Whether it is proved now.
    pub proved: bool,
    /// How a counterexample ends, or why it fails.
    pub because: Vec<String>,
}

impl Flip {
    /// Whether the claim is refuted now and was not before.
    #[must_use]
    pub fn breaks(&self) -> bool {
        self.refuted && !self.was_refuted
    }

    /// The order of harm: broken, weaker, gone, new, mended.
    fn rank(&self) -> u8 {
        match (self.breaks(), &self.before, &self.after) {
            (true, ..) => 0,
            (_, Some(_), Some(_)) if !self.proved => 1,
            (_, Some(_), None) => 2,
            (_, None, _) => 3,
            _ => 4,
        }
    }
}

/// Claims whose verdict is another kind now, the worst first.
pub(super) fn flips(from: Side<'_>, to: Side<'_>) -> Vec<Flip> {
    let claims = |side: Side<'_>| -> Vec<(String, String, String, Proven)> {
        let all = side.compilation.proof.iter().flat_map(|p| &p.claims);
        all.map(|c| {
            let phase = format!("{:?}{:?}", c.claim.phase, c.claim.event.as_ref().map(|e| e.kind));
            (c.claim.scenario.clone(), claim_text(&c.claim), phase, c.clone())
        })
        .collect()
    };
    let before = claims(from);
    let after = claims(to);
    let mut found = Vec::new();
    let mut used = vec![false; before.len()];
    // The same claim at the same moment first; what is left may be claimed of another moment now.
    let mut pairs: Vec<Option<usize>> = vec![None; after.len()];
    for exact in [true, false] {
        for (at, (scenario, claim, phase, _)) in after.iter().enumerate() {
            let free = |(i, (s, c, p, _)): &(usize, &(String, String, String, Proven))| {
                !used[*i] && s == scenario && c == claim && (p == phase || !exact)
            };
            if pairs[at].is_none()
                && let Some((i, _)) = before.iter().enumerate().find(free)
            {
                (pairs[at], used[i]) = (Some(i), true);
            }
        }
    }
    for ((scenario, claim, _, now), was) in after.iter().zip(pairs) {
        let was = was.map(|i| &before[i].3);
        if was.is_none_or(|was| kind(&was.verdict) != kind(&now.verdict)) {
            found.push(flip(scenario, claim, was, Some(now)));
        }
    }
    for ((scenario, claim, _, was), _) in before.iter().zip(used).filter(|(_, used)| !used) {
        found.push(flip(scenario, claim, Some(was), None));
    }
    found.sort_by_key(Flip::rank);
    found
}

fn kind(verdict: &Verdict) -> u8 {
    match verdict {
        Verdict::Proved(_) => 0,
        Verdict::Sampled { .. } => 1,
        Verdict::Refuted { .. } => 2,
    }
}

fn flip(scenario: &str, claim: &str, was: Option<&Proven>, now: Option<&Proven>) -> Flip {
    let because = match now.map(|n| &n.verdict) {
        Some(Verdict::Refuted { trace, how }) => {
            let mut lines: Vec<String> = match how {
                How::Always(why) => {
                    let told = |a: &&Argument| !matches!(a, Argument::Rejected { why, .. } if why.is_empty());
                    why.iter().filter(told).map(ToString::to_string).collect()
                }
                _ => Vec::new(),
            };
            lines.extend(trace.end.iter().take(3).cloned());
            if let Some(more @ 1..) = trace.end.len().checked_sub(3) {
                lines.push(format!("and {more} more"));
            }
            lines
        }
        _ => Vec::new(),
    };
    Flip {
        scenario: scenario.to_owned(),
        claim: claim.to_owned(),
        before: was.map(|p| p.verdict.to_string()),
        after: now.map(|p| p.verdict.to_string()),
        refuted: now.is_some_and(|p| p.verdict.is_refuted()),
        was_refuted: was.is_some_and(|p| p.verdict.is_refuted()),
        proved: now.is_some_and(|p| p.verdict.is_proved()),
        because,
    }
}

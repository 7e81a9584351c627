//! What is known about one site in the end.

use std::sync::Arc;

use crate::prove::{Proof, Verdict, render::claim_text};

/// How a site stands, the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// Its input is broken.
    Broken,
    /// A claim is refuted.
    Refuted,
    /// Its outputs are not what the policy says, or a change was refused.
    Drifted,
    /// A finding is an error because the caller says so.
    Denied,
    /// A claim is neither proved nor refuted.
    Open,
    /// Every claim is proved.
    Proved,
}

impl Standing {
    /// One word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Broken => "broken",
            Self::Refuted => "refuted",
            Self::Drifted => "drifted",
            Self::Denied => "denied",
            Self::Open => "not proved",
            Self::Proved => "proved",
        }
    }
}

/// A claim and its verdict in words.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Claimed {
    /// The scenario.
    pub scenario: String,
    /// What it claims.
    pub claim: String,
    /// `proved`, `refuted` or `sampled`.
    pub verdict: &'static str,
}

/// The claims of a proof.
#[must_use]
pub fn claims(proof: &Proof) -> Vec<Claimed> {
    let word = |verdict: &Verdict| match verdict {
        Verdict::Proved(_) => "proved",
        Verdict::Refuted { .. } => "refuted",
        Verdict::Sampled { .. } => "sampled",
    };
    let claimed = |proven: &crate::prove::Proven| Claimed {
        scenario: proven.claim.scenario.clone(),
        claim: claim_text(&proven.claim),
        verdict: word(&proven.verdict),
    };
    proof.claims.iter().map(claimed).collect()
}

/// The standing that follows from claims alone.
#[must_use]
pub fn standing(claims: &[Claimed]) -> Standing {
    let any = |word: &str| claims.iter().any(|claim| claim.verdict == word);
    match (any("refuted"), any("sampled")) {
        (true, _) => Standing::Refuted,
        (false, true) => Standing::Open,
        (false, false) => Standing::Proved,
    }
}

/// A site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// Its policy's name.
    pub policy: String,
    /// Its cluster's name; empty if the policy could not be read.
    pub cluster: String,
    /// How it stands.
    pub standing: Standing,
    /// Its claims.
    pub claims: Arc<[Claimed]>,
    /// Codes of its errors, sorted, each once.
    pub errors: Vec<&'static str>,
}

impl Site {
    /// What sites of one group have in common, one line each: the claims that are not proved, and the errors.
    #[must_use]
    pub fn signature(&self) -> Vec<String> {
        signature(&self.claims, &self.errors)
    }
}

/// The same from its parts.
#[must_use]
pub fn signature(claims: &[Claimed], errors: &[&str]) -> Vec<String> {
    let claims = claims.iter().filter(|claim| claim.verdict != "proved");
    let mut lines: Vec<String> =
        claims.map(|c| format!("{}: {} is {}", c.scenario, c.claim, not(c.verdict))).collect();
    lines.extend(errors.iter().map(|code| (*code).to_owned()));
    lines
}

fn not(verdict: &str) -> &str {
    if verdict == "sampled" { "not proved" } else { verdict }
}

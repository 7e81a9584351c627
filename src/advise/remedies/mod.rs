//! Remedies: the least harmful changes of a policy that make a refuted claim true.
//!
//! The policy's own levers are pulled, one or two at a time and the least harmful first, on the policy's own
//! text; what comes out is compiled and proved like any other policy. A change counts if bounds prove a
//! claim that was refuted and no claim that was proved is lost.

pub mod edit;
pub mod levers;
pub mod render;

use std::collections::BTreeMap;

pub use edit::Edit;
pub use levers::{Change, Lever};

use crate::catalogue::Catalogue;
use crate::plan::{self, Inputs};
use crate::policy::{self, Policy};
use crate::prove::{self, Model, Options, Proof};
use crate::source::SourceMap;
use crate::source::extends::{LoadError, Loader, MAX_BYTES};
use crate::values;

/// Policies that are tried, unless told otherwise.
pub const TRIES: usize = 150;

/// Changes that make refuted claims true.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remedy {
    /// One or two changes.
    pub changes: Vec<Change>,
    /// The change of the policy as a unified diff.
    pub diff: String,
    /// Refuted claims that it makes true, as indices into the proof's claims.
    pub mends: Vec<usize>,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Remedies {
    /// The remedies, the least harmful first; every claim that can be mended is mended by at least one.
    pub found: Vec<Remedy>,
    /// Refuted claims for which none was found.
    pub without: Vec<usize>,
    /// Policies that were tried.
    pub tried: usize,
    /// Whether the budget ended the search.
    pub cut: bool,
}

/// Searches remedies for the refuted claims of a policy's proof, over at most `tries` policies.
///
/// `name` and `loader` are those that the policy was read with: the changes are made in that file, not in
/// its bases.
#[must_use]
pub fn remedies(
    loader: &dyn Loader,
    name: &str,
    catalogue: &Catalogue,
    policy: &Policy,
    proof: &Proof,
    tries: usize,
) -> Remedies {
    let mut found = Remedies::default();
    let refuted = |i: &usize| proof.claims[*i].verdict.is_refuted();
    let mut open: Vec<usize> = (0..proof.claims.len()).filter(refuted).collect();
    let Ok(text) = loader.load(name, MAX_BYTES) else { return found };
    let changes = levers::changes(policy, proof);
    for set in sets(&changes) {
        if open.is_empty() {
            break;
        }
        if found.tried >= tries {
            found.cut = true;
            break;
        }
        let edits: Vec<Edit> = set.iter().flat_map(|c| c.edits.iter().cloned()).collect();
        let Some(changed) = edit::apply(&text, &edits).filter(|t| *t != text) else { continue };
        found.tried += 1;
        let Some(new) = proved_with(loader, name, &changed, catalogue) else { continue };
        let mends: Vec<usize> = open.iter().copied().filter(|&i| holds(&new, proof, i)).collect();
        let loses =
            (0..proof.claims.len()).any(|i| proof.claims[i].verdict.is_proved() && !holds(&new, proof, i));
        if mends.is_empty() || loses {
            continue;
        }
        open.retain(|i| !mends.contains(i));
        let diff = edit::diff(name, &text, &changed);
        found.found.push(Remedy { changes: set.into_iter().cloned().collect(), diff, mends });
    }
    found.without = open;
    found
}

/// All sets of one or two changes that do not write the same key, the least harmful first: by the worse
/// lever, then by the other.
fn sets(changes: &[Change]) -> Vec<Vec<&Change>> {
    let mut sets: Vec<Vec<&Change>> = changes.iter().map(|c| vec![c]).collect();
    for (i, a) in changes.iter().enumerate() {
        for b in &changes[i + 1..] {
            let clash = a.edits.iter().any(|x| b.edits.iter().any(|y| x.path == y.path));
            if !clash {
                sets.push(vec![b, a]);
            }
        }
    }
    sets.sort_by_key(|set| (set[0].lever, set.get(1).map(|c| c.lever)));
    sets
}

/// Whether the claim with that place in `old` is proved in `new`.
fn holds(new: &Proof, old: &Proof, index: usize) -> bool {
    let old = &old.claims[index].claim;
    let same = |c: &&prove::Proven| {
        c.claim.scenario == old.scenario && c.claim.says == old.says && c.claim.of == old.of
    };
    let mut those = new.claims.iter().filter(same).peekable();
    those.peek().is_some() && those.all(|c| c.verdict.is_proved())
}

/// The proof of the policy with another text; `None` if it does not compile.
fn proved_with(loader: &dyn Loader, name: &str, text: &str, catalogue: &Catalogue) -> Option<Proof> {
    let loader = Instead { loader, texts: BTreeMap::from([(name.to_owned(), text.to_owned())]) };
    let mut sources = SourceMap::default();
    let policy = policy::load(&loader, &mut sources, name).ok()?.policy;
    let (team, _) = values::read(&loader, &mut sources, &policy);
    let plan = plan::make(policy, Inputs { sources: &mut sources, catalogue, team }).usable().ok()?;
    let model = Model::of_plan(&plan).ok()?;
    Some(prove::prove(&model, Options { budget: 0, table: false, minimise: false, vary: 0 }))
}

/// A loader in which some texts are others.
struct Instead<'a> {
    loader: &'a dyn Loader,
    texts: BTreeMap<String, String>,
}

impl Loader for Instead<'_> {
    fn load(&self, name: &str, limit: u64) -> Result<String, LoadError> {
        match self.texts.get(name) {
            Some(text) => Ok(text.clone()),
            None => self.loader.load(name, limit),
        }
    }

    fn list(&self, glob: &str) -> Result<Vec<String>, LoadError> {
        self.loader.list(glob)
    }
}

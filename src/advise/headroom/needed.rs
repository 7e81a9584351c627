//! What size would make a claim true that fails for want of room.

use super::size::{Amount, Resource, Sizes, part};
use super::{MOST, name};
use crate::cluster::Cluster;
use crate::plan::Plan;
use crate::prove::{Claim, Model, Options, Proof, prove};
use crate::scheduler::CompileError;

/// The smallest share of today's requests that is tried, in thousandths.
const LEAST: i64 = 10;
/// So many claims are asked about: most fail for the same want.
const CLAIMS: usize = 8;

/// A claim that fails, and the sizes with which it is proved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Needed {
    /// Index into the proof's claims.
    pub claim: usize,
    /// Its scenario and text.
    pub name: String,
    /// Each of them is enough.
    pub enough: Vec<Enough>,
}

/// A size with which a claim is proved, all else as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Enough {
    /// Larger nodes.
    Nodes {
        /// Whether these are the last resorts.
        lifeboat: bool,
        /// Of which resource: how much the largest has today, and how much it needs.
        more: Vec<(Resource, i64, i64)>,
    },
    /// Smaller applications.
    Applications {
        /// What they request today.
        today: Amount,
        /// What they may request.
        most: Amount,
    },
}

/// What would make the refuted claims of a proof true; of claims that no size proves nothing is said.
///
/// # Errors
/// If the cluster has more nodes than kube-scheduler examines in full.
pub fn needed(plan: &Plan, proof: &Proof) -> Result<Vec<Needed>, CompileError> {
    let sizes = Sizes::of(plan);
    let mut all = Vec::new();
    // Bounds prove nothing about deadlines.
    let asked = |claim: &Claim| claim.within.is_none();
    let refuted = proof.claims.iter().enumerate().filter(|(_, c)| c.verdict.is_refuted() && asked(&c.claim));
    for (index, proven) in refuted.take(CLAIMS) {
        let search = Search { sizes: &sizes, index };
        let mut enough = Vec::new();
        for lifeboat in [true, false] {
            enough.extend(search.larger(lifeboat)?);
        }
        enough.extend(search.smaller()?);
        if !enough.is_empty() {
            all.push(Needed { claim: index, name: name(&proven.claim), enough });
        }
    }
    Ok(all)
}

/// The search for one claim.
struct Search<'s, 'p> {
    sizes: &'s Sizes<'p>,
    index: usize,
}

impl Search<'_, '_> {
    fn proved(&self, cluster: Cluster) -> Result<bool, CompileError> {
        let mut model = Model::of(&self.sizes.plan.policy, cluster)?;
        let Some(claim) = model.claims.get(self.index).cloned() else { return Ok(false) };
        model.claims = vec![claim];
        let proof = prove(&model, Options { budget: 0, table: false, minimise: false, vary: 0 });
        Ok(proof.claims.iter().all(|c| c.verdict.is_proved()))
    }

    /// The thousandth nearest to `near` at which the claim is proved, where it is proved at `far`.
    fn nearest(&self, near: i64, far: i64, at: &dyn Fn(i64) -> Cluster) -> Result<i64, CompileError> {
        if self.proved(at(near))? {
            return Ok(near);
        }
        let (mut bad, mut good) = (near, far);
        while (good - bad).abs() > 1 {
            let middle = i64::midpoint(bad, good);
            *(if self.proved(at(middle))? { &mut good } else { &mut bad }) = middle;
        }
        Ok(good)
    }

    fn larger(&self, lifeboat: bool) -> Result<Option<Enough>, CompileError> {
        let nodes = |cpu: i64, memory: i64| {
            self.sizes.nodes(lifeboat, &[(Resource::Cpu, cpu), (Resource::Memory, memory)])
        };
        let Some(cpu_today) = self.sizes.largest(lifeboat, Resource::Cpu) else { return Ok(None) };
        let Some(memory_today) = self.sizes.largest(lifeboat, Resource::Memory) else { return Ok(None) };
        if !self.proved(nodes(MOST, MOST))? {
            return Ok(None);
        }
        let cpu = self.nearest(1000, MOST, &|cpu| nodes(cpu, MOST))?;
        let memory = self.nearest(1000, MOST, &|memory| nodes(cpu, memory))?;
        let both = [(Resource::Cpu, cpu_today, cpu), (Resource::Memory, memory_today, memory)];
        let more = both.into_iter().filter(|(.., share)| *share > 1000);
        let more = more.map(|(resource, today, share)| (resource, today, part(today, share))).collect();
        Ok(Some(Enough::Nodes { lifeboat, more }))
    }

    fn smaller(&self) -> Result<Option<Enough>, CompileError> {
        let at = |permille: i64| self.sizes.applications(permille);
        let today = self.sizes.requested();
        if today == (0, 0) || !self.proved(at(LEAST))? {
            return Ok(None);
        }
        let share = self.nearest(1000, LEAST, &at)?;
        Ok(Some(Enough::Applications { today, most: (part(today.0, share), part(today.1, share)) }))
    }
}

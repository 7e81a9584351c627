//! The walk over states: depth first, each state once.

use std::sync::Arc;

use rustc_hash::FxHashSet;

use super::{MOST_PODS, Symmetry};
use crate::lifecycle::{Choose, Happening, Kind, Naming, Point, Until, Window, WorkloadId};
use crate::prove::claim::{Claim, Says};
use crate::prove::judge::{self, Breach};
use crate::prove::model::Model;
use crate::prove::play::{Leg, Played, Run};

/// A state, and the answers that led there.
#[derive(Clone)]
pub struct Path<'m> {
    /// The state.
    pub played: Played<'m>,
    /// The quiet moment of planned work at which it is; none at the end.
    pub moment: Option<Moment>,
    answers: Option<Arc<Link>>,
    base: u64,
    /// The end of the step, if a clock ends it.
    end: Option<Window>,
}

/// A quiet moment of planned work.
#[derive(Clone)]
pub struct Moment {
    /// The leg that ends in it.
    pub leg: usize,
    name: Arc<str>,
}

struct Link {
    answer: usize,
    before: Option<Arc<Link>>,
}

impl Drop for Link {
    /// One after the other: a long way would overflow the stack.
    fn drop(&mut self) {
        let mut next = self.before.take();
        while let Some(link) = next {
            next = Arc::into_inner(link).and_then(|mut l| l.before.take());
        }
    }
}

impl<'m> Path<'m> {
    /// The way that begins with this run.
    #[must_use]
    pub fn start(run: Run<'m>) -> Self {
        Self { played: Played::unharmed(run), moment: None, answers: None, base: 0, end: None }
    }

    /// The answers in their order: given again they lead here again.
    #[must_use]
    pub fn answers(&self) -> Vec<usize> {
        let mut answers = Vec::new();
        let mut at = self.answers.as_ref();
        while let Some(link) = at {
            answers.push(link.answer);
            at = link.before.as_ref();
        }
        answers.reverse();
        answers
    }

    /// Pods that the state holds, those that ended included.
    #[must_use]
    pub fn pods(&self) -> usize {
        self.played.run.pods.len()
    }

    /// What breaks the claim here.
    #[must_use]
    pub fn breaches(&self, model: &Model, claim: &Claim) -> Vec<Breach> {
        match &self.moment {
            Some(moment) => judge::at_a_moment(model, claim, &self.played, &moment.name),
            None => judge::breaches(model, claim, &self.played),
        }
    }

    /// Entries of the agenda that may be next in the step.
    fn options(&self) -> Vec<usize> {
        self.played.run.enabled_until(self.end)
    }

    /// Whether the clock may end the step before any of them.
    fn may_end(&self) -> bool {
        self.played.run.may_end(self.end)
    }

    fn answered(&mut self, answer: usize) {
        self.answers = Some(Arc::new(Link { answer, before: self.answers.take() }));
    }
}

/// Given answers, in their order; afterwards always the first option.
#[derive(Clone, Debug, Default)]
pub struct Answers {
    given: Vec<usize>,
    /// Number of options at each question so far.
    pub options: Vec<usize>,
}

impl Answers {
    /// Answers with these.
    #[must_use]
    pub fn of(given: Vec<usize>) -> Self {
        Self { given, options: Vec::new() }
    }
}

impl Choose for Answers {
    fn choose(&mut self, _: Point<'_>, options: usize) -> usize {
        let answer = self.given.get(self.options.len()).copied().unwrap_or(0);
        self.options.push(options);
        answer.min(options.saturating_sub(1))
    }
}

/// How a walk ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Everything was visited.
    Complete,
    /// The visitor had seen enough.
    Stopped,
    /// The budget ran out.
    Exhausted,
}

/// What of the way to a state a claim asks about, beside the state itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ways {
    /// Who was evicted.
    evicted: bool,
    /// Who was back too late, if after so many milliseconds.
    late: Option<(Vec<WorkloadId>, u64)>,
}

impl Ways {
    /// What a claim asks.
    #[must_use]
    pub fn of(claim: &Claim) -> Self {
        let running = matches!(claim.says, Says::Running);
        let late = claim.within.filter(|_| running).map(|within| (claim.who.clone(), within));
        Self { evicted: matches!(claim.says, Says::Evicted), late }
    }

    /// Adds what is known of a way.
    fn key(&self, path: &Path<'_>, key: &mut Vec<u32>) {
        if path.played.lost == usize::MAX {
            return;
        }
        if self.evicted {
            let mut evicted: Vec<_> =
                judge::evictions(&path.played).into_iter().map(|(v, _)| u32::from(v.0)).collect();
            evicted.sort_unstable();
            evicted.dedup();
            key.extend(evicted);
        }
        if let Some((who, within)) = &self.late {
            // What is still to come counts from the loss, and instants in the key from the start of the step.
            let loss = path.played.run.log.get(path.played.lost).map_or(path.base, |e| e.when.earliest);
            key.push(u32::try_from(path.base.saturating_sub(loss)).unwrap_or(u32::MAX));
            let late = |id: &WorkloadId| judge::too_late(*within, &path.played, *id).is_some();
            key.extend(who.iter().map(|id| u32::from(late(id))));
        }
    }
}

/// A walk with its budget.
pub struct Walk {
    budget: u64,
    /// Distinct states so far.
    pub states: u64,
    /// Renamings of nodes that no step tells apart.
    pub symmetry: Symmetry,
    /// What of the way there tells states apart.
    pub ways: Ways,
    preempts: Preempts,
}

impl Walk {
    /// A walk of at most `budget` happenings.
    #[must_use]
    pub fn new(model: &Model, budget: u64) -> Self {
        let symmetry = Symmetry::of(model).fixing(&model.node_ids().collect::<Vec<_>>());
        Self { budget, states: 0, symmetry, ways: Ways::default(), preempts: Preempts::of(model) }
    }

    /// Walks from each state through the legs, and shows every end to `visit`, and on the way there every quiet moment
    /// at which claims have to hold. It says whether to stop.
    pub fn run<'m>(
        &mut self,
        from: &[Path<'m>],
        legs: &[Leg],
        visit: &mut impl FnMut(&Path<'m>) -> bool,
    ) -> Outcome {
        let mut seen: FxHashSet<Box<[u32]>> = FxHashSet::default();
        let mut stack: Vec<(Path<'m>, usize)> = Vec::new();
        for path in from {
            let mut path = path.clone();
            if legs.is_empty() {
                path.played.lost = path.played.run.log.len();
                if visit(&path) {
                    return Outcome::Stopped;
                }
                continue;
            }
            begin(&mut path, legs, 0);
            stack.push((path, 0));
        }
        while let Some((mut path, mut at)) = stack.pop() {
            if stack.len().saturating_mul(path.pods()) > MOST_PODS {
                return Outcome::Exhausted;
            }
            // What commutes with everything else happens at once, and settled steps lead to the next one.
            loop {
                let options = path.options();
                let may_end = path.may_end();
                let sure = options.iter().position(|&i| !may_end && self.sure(&path.played.run, i));
                if let Some(sure) = sure {
                    if !self.spend() {
                        return Outcome::Exhausted;
                    }
                    path.answered(sure);
                    path.played.run.fire(options[sure], &mut Answers::default());
                } else if options.is_empty() && at + 1 < legs.len() {
                    if let Some(moment) = &legs[at].moment {
                        if !seen.insert(self.key(&path, at)) {
                            break;
                        }
                        path.moment = Some(Moment { leg: at, name: Arc::from(moment.as_str()) });
                        if visit(&path) {
                            return Outcome::Stopped;
                        }
                        path.moment = None;
                    }
                    at += 1;
                    begin(&mut path, legs, at);
                } else {
                    break;
                }
            }
            if !seen.insert(self.key(&path, at)) {
                continue;
            }
            self.states += 1;
            let options = path.options();
            if options.is_empty() {
                if path.played.lost == usize::MAX {
                    path.played.lost = path.played.run.log.len();
                }
                if visit(&path) {
                    return Outcome::Stopped;
                }
                continue;
            }
            if path.may_end() {
                // The clock may end the step now, or one of the others comes first.
                if !self.spend() {
                    return Outcome::Exhausted;
                }
                if at + 1 < legs.len() {
                    let mut over = path.clone();
                    over.answered(1);
                    begin(&mut over, legs, at + 1);
                    stack.push((over, at + 1));
                }
                path.answered(0);
            }
            // The first option is looked at first.
            for (answer, &option) in options.iter().enumerate().rev() {
                if !self.branch(&path, at, answer, option, &mut stack) {
                    return Outcome::Exhausted;
                }
            }
        }
        Outcome::Complete
    }

    /// Lets one happening come about in every way that it can.
    fn branch<'m>(
        &mut self,
        path: &Path<'m>,
        at: usize,
        answer: usize,
        option: usize,
        stack: &mut Vec<(Path<'m>, usize)>,
    ) -> bool {
        let mut given: Vec<usize> = Vec::new();
        loop {
            if !self.spend() {
                return false;
            }
            let mut next = path.clone();
            let mut answers = Answers::of(given.clone());
            next.played.run.fire(option, &mut answers);
            next.answered(answer);
            given.resize(answers.options.len(), 0);
            for &inner in &given {
                next.answered(inner);
            }
            stack.push((next, at));
            // The next combination of inner answers, the last question fastest.
            loop {
                match (given.pop(), answers.options.pop()) {
                    (Some(last), Some(options)) if last + 1 < options => {
                        given.push(last + 1);
                        break;
                    }
                    (Some(_), Some(_)) => {}
                    _ => return true,
                }
            }
        }
    }

    fn spend(&mut self) -> bool {
        self.budget = self.budget.saturating_sub(1);
        self.budget > 0
    }

    /// Whether an entry of the agenda commutes with all others.
    fn sure(&self, run: &Run<'_>, index: usize) -> bool {
        match run.agenda[index].what {
            Happening::Create(..) => run.facts.quotas.is_empty(),
            Happening::Started(pod) => {
                let state = run.pod(pod);
                let facts = &run.facts.workloads[usize::from(state.workload.0)];
                let alone = run.workloads[usize::from(state.workload.0)].wanted.len() == 1;
                let in_order =
                    matches!(facts.kind, Kind::StatefulSet { parallel: false }) && facts.replicas > 1;
                let cordoned = run.nodes.iter().any(|n| n.cordoned);
                alone && !in_order && !cordoned && !self.preempts.victim[usize::from(state.workload.0)]
            }
            _ => false,
        }
    }

    fn key(&self, path: &Path<'_>, at: usize) -> Box<[u32]> {
        let run = &path.played.run;
        let naming = |nodes: &'_ Vec<u16>| -> Vec<u32> {
            let naming = Naming { nodes, ordered: self.preempts.any, base: path.base };
            let mut key = run.key(&naming);
            if let Some(end) = path.end {
                naming.window(end, &mut key);
            }
            key
        };
        let mut key = self.symmetry.all().iter().map(naming).min().unwrap_or_default();
        key.push(u32::try_from(at).unwrap_or(u32::MAX));
        self.ways.key(path, &mut key);
        key.into_boxed_slice()
    }
}

/// Begins a leg: its acts, at one instant.
fn begin(path: &mut Path<'_>, legs: &[Leg], at: usize) {
    let start = path.end.take().unwrap_or_else(|| path.played.run.next_start());
    legs[at].mark(&mut path.played);
    for &act in &legs[at].step.acts {
        path.played.run.act(act, start);
    }
    path.base = start.earliest;
    path.end = match legs[at].step.until {
        Until::After(length) => Some(start + Window::at(length)),
        Until::Settled | Until::Noticed => None,
    };
}

/// Who may be evicted for others at all.
struct Preempts {
    any: bool,
    victim: Vec<bool>,
}

impl Preempts {
    fn of(model: &Model) -> Self {
        let classes = &model.world.classes;
        let victim: Vec<bool> = classes
            .iter()
            .map(|c| {
                classes.iter().any(|other| {
                    let meet = other.allowed.iter().zip(&c.allowed).any(|(a, b)| *a && *b);
                    other.preempts && other.priority > c.priority && meet
                })
            })
            .collect();
        Self { any: victim.contains(&true), victim }
    }
}

//! What each values path does. Most paths do nothing at all, so that many are set in one render first, each with
//! a mark of its own; only those that show up are then tried for what they do, apart from their rivals.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::candidates::Candidate;
use super::effects::{Effect, Trial, Tried, compare, own_field};
use super::run::{Lab, Profile, tested};
use super::sentinel::{fallback, kinds, token, tokens, value};
use super::shot::Shot;
use super::switches::things_of;

/// Most paths that are set in one render.
const CROWD: usize = 96;

/// Tries every kind of value at every path, for what a profile has and those before it had not.
pub(super) fn trials(
    lab: &mut Lab<'_>,
    profile: &Profile,
    candidates: &[Candidate],
    before: &[Vec<Tried>],
    seen: &BTreeSet<String>,
) -> Vec<Vec<Tried>> {
    let mut out = vec![Vec::new(); candidates.len()];
    let living = Weeding { profile, candidates, before, seen }.run(lab);
    for trial in all(candidates).filter(|trial| !living.contains(&key(*trial))) {
        out[trial.candidate].push(Tried { kind: trial.kind, error: None, effects: vec![] });
    }
    let mut open = batches(candidates, |trial| living.contains(&key(trial)));
    while !open.is_empty() {
        let asks = open.iter().map(|batch| with(&profile.values, candidates, batch)).collect();
        let answers = lab.ask(asks);
        let mut next = Vec::new();
        for (batch, answer) in open.into_iter().zip(answers) {
            let found = match &answer {
                Ok(shot) => compare(&profile.shot, shot, &batch, candidates),
                Err(_) => None,
            };
            match (found, &batch[..], answer) {
                (Some(found), _, _) => {
                    for (trial, effects) in batch.iter().zip(found) {
                        out[trial.candidate].push(Tried { kind: trial.kind, error: None, effects });
                    }
                }
                (None, [trial], Err(error)) => {
                    let field = candidates[trial.candidate].field;
                    let error = error.lines().last().unwrap_or_default().to_owned();
                    let tried = Tried { kind: trial.kind, error: Some(error), effects: vec![] };
                    out[trial.candidate].push(tried);
                    if let Some(kind) = fallback(field, trial.kind) {
                        next.push(vec![Trial { kind, ..*trial }]);
                    }
                }
                (None, several, _) => next.extend(several.iter().map(|trial| vec![*trial])),
            }
        }
        open = next;
    }
    for (candidate, tried) in candidates.iter().zip(&mut out) {
        let kinds = kinds(candidate.field, &candidate.default);
        tried.sort_by_key(|t| kinds.iter().position(|kind| *kind == t.kind).unwrap_or(kinds.len()));
    }
    out
}

/// A trial as a key of a set.
fn key(trial: Trial) -> (usize, &'static str) {
    (trial.candidate, trial.kind)
}

/// Every kind of value at every path.
fn all(candidates: &[Candidate]) -> impl Iterator<Item = Trial> {
    let trial = |(i, kind): (usize, &&'static str)| Trial { candidate: i, kind };
    candidates
        .iter()
        .enumerate()
        .flat_map(move |(i, c)| kinds(c.field, &c.default).iter().map(move |kind| trial((i, kind))))
}

/// Looks for the trials that may do something: whose mark shows up, that the chart refuses, or that bear no mark.
struct Weeding<'a> {
    profile: &'a Profile,
    candidates: &'a [Candidate],
    /// What earlier profiles showed.
    before: &'a [Vec<Tried>],
    /// Carriers and containers of earlier profiles: nothing more is learned of them.
    seen: &'a BTreeSet<String>,
}

impl Weeding<'_> {
    /// A path hides behind another that wins over it, so that those which showed up are taken away and the others
    /// rendered again, until nothing differs from the baseline any more.
    fn run(&self, lab: &mut Lab<'_>) -> BTreeSet<(usize, &'static str)> {
        let mut living = BTreeSet::new();
        let mut open = self.crowds(&mut living);
        let baseline = self.news(&self.profile.shot);
        while !open.is_empty() {
            let values = |crowd: &Vec<Trial>| crowded(&self.profile.values, self.candidates, crowd);
            let answers = lab.ask(open.iter().map(values).collect());
            let mut next = Vec::new();
            for (crowd, answer) in open.into_iter().zip(answers) {
                match (answer, &crowd[..]) {
                    (Err(_), [trial]) => drop(living.insert(key(*trial))),
                    (Err(error), _) => next.extend(self.parted(crowd, &error)),
                    (Ok(shot), _) => {
                        let news = self.news(&shot);
                        let shows = |trial: &Trial| self.shows(&shot, &news, &crowd, *trial);
                        let (shown, rest): (Vec<Trial>, Vec<Trial>) = crowd.iter().partition(|t| shows(t));
                        match &rest[..] {
                            _ if shown.is_empty() && news == baseline => {}
                            [trial] if shown.is_empty() => drop(living.insert(key(*trial))),
                            several if shown.is_empty() => next.extend(halves(several)),
                            [] => {}
                            _ => next.push(rest),
                        }
                        living.extend(shown.into_iter().map(key));
                    }
                }
            }
            open = next;
        }
        living
    }

    /// Trials that are rendered together at first. What bears no mark is taken to live.
    fn crowds(&self, living: &mut BTreeSet<(usize, &'static str)>) -> Vec<Vec<Trial>> {
        let mut waves: BTreeMap<usize, Vec<Trial>> = BTreeMap::new();
        for trial in all(self.candidates) {
            let candidate = &self.candidates[trial.candidate];
            let refused =
                self.before[trial.candidate].iter().any(|t| t.kind == trial.kind && t.error.is_some());
            if candidate.field == "podAntiAffinity" || refused {
                living.insert(key(trial));
                continue;
            }
            // One path takes one kind of value at a time.
            let kinds = kinds(candidate.field, &candidate.default);
            let wave = kinds.iter().position(|kind| *kind == trial.kind).unwrap_or_default();
            waves.entry(wave).or_default().push(trial);
        }
        waves.values().flat_map(|wave| wave.chunks(CROWD).map(<[_]>::to_vec)).collect()
    }

    /// The parts of a crowd that the chart refuses: first whom its message names, then halves.
    fn parted(&self, crowd: Vec<Trial>, error: &str) -> Vec<Vec<Trial>> {
        let path = |trial: &Trial| &self.candidates[trial.candidate].path;
        let named = |trial: &Trial| {
            error.contains(&path(trial).to_string()) || error.contains(&path(trial).keys().join("/"))
        };
        let (these, rest): (Vec<Trial>, Vec<Trial>) = crowd.iter().partition(|trial| named(trial));
        if !these.is_empty() && !rest.is_empty() {
            return these.into_iter().map(|trial| vec![trial]).chain([rest]).collect();
        }
        // `templates/query-frontend/pdb.yaml` is about `queryFrontend`.
        let plain = |text: &str| -> String {
            text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
        };
        let error = plain(error);
        let about = |trial: &Trial| {
            let key = path(trial).keys().first().filter(|key| key.len() > 3);
            key.is_some_and(|key| error.contains(&plain(key)))
                || error.contains(&plain(self.candidates[trial.candidate].field))
        };
        let (these, rest): (Vec<Trial>, Vec<Trial>) = crowd.iter().partition(|trial| about(trial));
        if these.is_empty() || rest.is_empty() { halves(&crowd) } else { vec![these, rest] }
    }

    /// The carriers of a render, without what earlier profiles have.
    fn news(&self, shot: &Shot) -> BTreeMap<String, Map<String, Value>> {
        let new = |id: &str, carrier: &Map<String, Value>| {
            !self.seen.contains(id) || things_of(id, carrier).iter().any(|thing| !self.seen.contains(thing))
        };
        shot.carriers.iter().filter(|(id, c)| new(id, c)).map(|(id, c)| (id.clone(), c.clone())).collect()
    }

    /// Whether a path of a crowd shows up in its render.
    fn shows(
        &self,
        shot: &Shot,
        news: &BTreeMap<String, Map<String, Value>>,
        crowd: &[Trial],
        trial: Trial,
    ) -> bool {
        if let Some((_, number)) = numbers(self.candidates, crowd).find(|(counted, _)| *counted == trial) {
            return news.values().any(|carrier| carrier.get("replicas") == Some(&number.into()));
        }
        let mark = token(trial.candidate);
        let dead = self.before[trial.candidate].iter().all(|tried| tried.effects.is_empty());
        let fresh = self.seen.is_empty() || dead;
        if fresh {
            return shot.tokens.contains(&mark);
        }
        news.values().flat_map(Map::values).any(|value| tokens(&value.to_string()).contains(&mark))
    }
}

fn halves(crowd: &[Trial]) -> Vec<Vec<Trial>> {
    // Few are tried one by one sooner than by halves of halves.
    let size = if crowd.len() <= 4 { 1 } else { crowd.len().div_ceil(2) };
    crowd.chunks(size).map(<[_]>::to_vec).collect()
}

/// Values with all of a crowd set; numbers of replicas differ, because they bear no mark.
fn crowded(values: &Value, candidates: &[Candidate], crowd: &[Trial]) -> Value {
    let mut out = with(values, candidates, crowd);
    for (trial, number) in numbers(candidates, crowd) {
        candidates[trial.candidate].path.set(&mut out, number.into());
    }
    out
}

/// The trials of replicas in a crowd with a number each.
fn numbers<'c>(
    candidates: &'c [Candidate],
    crowd: &'c [Trial],
) -> impl Iterator<Item = (Trial, u64)> + use<'c> {
    let counted = crowd.iter().filter(|trial| candidates[trial.candidate].field == "replicas");
    counted.copied().zip(23..)
}

/// Trials that share a render: of one part of the values, each of another field.
fn batches(candidates: &[Candidate], keep: impl Fn(Trial) -> bool) -> Vec<Vec<Trial>> {
    let mut by_part: BTreeMap<&[String], Vec<Vec<Trial>>> = BTreeMap::new();
    for trial in all(candidates).filter(|trial| keep(*trial)) {
        let candidate = &candidates[trial.candidate];
        let Some((_, part)) = candidate.path.keys().split_last() else { continue };
        let batches = by_part.entry(part).or_default();
        let free = batches.iter_mut().find(|batch| {
            let mut fields = batch.iter().map(|t| own_field(candidates[t.candidate].field));
            fields.all(|field| field != own_field(candidate.field))
        });
        match free {
            Some(batch) => batch.push(trial),
            None => batches.push(vec![trial]),
        }
    }
    by_part.into_values().flatten().collect()
}

fn with(values: &Value, candidates: &[Candidate], batch: &[Trial]) -> Value {
    let mut out = values.clone();
    for trial in batch {
        let candidate = &candidates[trial.candidate];
        candidate.path.set(&mut out, value(candidate.field, trial.kind, &token(trial.candidate)));
    }
    out
}

/// Adds what another profile showed.
pub(super) fn join(known: &mut Vec<Tried>, more: Vec<Tried>) {
    for tried in more {
        let Some(old) = known.iter_mut().find(|old| old.kind == tried.kind) else {
            known.push(tried);
            continue;
        };
        let same = |a: &Effect, b: &Effect| {
            a.carrier == b.carrier && a.container == b.container && a.field == b.field
        };
        if old.error.is_some() && tried.error.is_none() {
            old.error = None;
        }
        let new: Vec<Effect> =
            tried.effects.into_iter().filter(|e| !old.effects.iter().any(|known| same(known, e))).collect();
        old.effects.extend(new);
    }
}

/// Paths whose values are themselves templates.
pub(super) fn templates(
    lab: &mut Lab<'_>,
    profiles: &[Profile],
    candidates: &[Candidate],
    tried: &[Vec<Tried>],
) -> BTreeSet<usize> {
    let mut out = BTreeSet::new();
    for profile in tested(profiles) {
        let mut open = apart(profile, candidates, tried);
        while !open.is_empty() {
            let asks = open.iter().map(|batch| {
                let mut tree = profile.values.clone();
                for trial in batch {
                    let candidate = &candidates[trial.candidate];
                    // A letter first, so that it is YAML where nobody executes or quotes it.
                    let action = format!("x{{{{ printf \"lbp%dx\" {} }}}}", trial.candidate);
                    candidate.path.set(&mut tree, value(candidate.field, trial.kind, &action));
                }
                tree
            });
            let answers = lab.ask(asks.collect());
            let mut next = Vec::new();
            for (batch, answer) in open.into_iter().zip(answers) {
                match (answer, &batch[..]) {
                    (Ok(shot), _) => {
                        let marked = |trial: &&Trial| shot.tokens.contains(&token(trial.candidate));
                        out.extend(batch.iter().filter(marked).map(|trial| trial.candidate));
                    }
                    (Err(_), [_]) => {}
                    (Err(_), several) => next.extend(halves(several)),
                }
            }
            open = next;
        }
    }
    out
}

/// Trials that move pods of a profile, in batches of which no two reach the same field.
fn apart(profile: &Profile, candidates: &[Candidate], tried: &[Vec<Tried>]) -> Vec<Vec<Trial>> {
    type Reach<'a> = BTreeSet<(&'a String, &'a str, Option<&'a String>)>;
    let mut batches: Vec<(Vec<Trial>, Reach<'_>)> = Vec::new();
    for (i, candidate) in candidates.iter().enumerate() {
        if matches!(candidate.field, "resources" | "replicas" | "podAntiAffinity") {
            continue;
        }
        let native = tried[i].iter().find(|t| t.kind != "yaml-text" && t.effects.iter().any(Effect::moves));
        let Some(native) = native else { continue };
        let reach = native.effects.iter().filter_map(|effect| {
            let carrier = effect.carrier.as_ref().filter(|id| profile.shot.carriers.contains_key(*id))?;
            Some((carrier, effect.field.as_deref().unwrap_or(candidate.field), effect.container.as_ref()))
        });
        let reach: Reach<'_> = reach.collect();
        if reach.is_empty() {
            continue;
        }
        let trial = Trial { candidate: i, kind: native.kind };
        match batches.iter_mut().find(|(_, taken)| taken.is_disjoint(&reach)) {
            Some((batch, taken)) => {
                batch.push(trial);
                taken.extend(reach);
            }
            None => batches.push((vec![trial], reach)),
        }
    }
    batches.into_iter().map(|(batch, _)| batch).collect()
}

//! Recorded runs of a real control plane, replayed: does the engine account for everything that was
//! seen, in the order in which pods were bound, within its intervals, and does it end where they did?
//!
//! Bindings that were recorded within a fraction of a second may have been decided in another order
//! than they were written; the replay searches for an order that fits.

mod driver;
mod observe;
mod order;
mod record;
mod tell;

use std::sync::Arc;

pub use record::{Objects, RecordedStatus, RecordedStep, Recording, Run, Stage, clocks};

use super::board::Board;
use super::compiled::Compiled;
use super::facts::{NodeId, WorkloadId};
use super::placer::Placer;
use super::sim::{Sim, WorkloadStatus};
use super::story::Act;
use super::window::{Millis, Window};
use driver::Driver;
use observe::{Script, Seen, millis};

/// What a replay of a file found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Repetitions.
    pub runs: usize,
    /// Bindings that lay in the set of best nodes.
    pub bindings: usize,
    /// Sum of the sizes of those sets, over bindings of pods that could choose.
    pub best: usize,
    /// Number of those bindings.
    pub choices: usize,
    /// Workload states compared at ends of steps.
    pub states: usize,
    /// Recorded seconds that lay in their interval.
    pub seconds: usize,
    /// Sum of the widths of those intervals, in milliseconds.
    pub width: Millis,
    /// New pods that a controller with an old view deleted once more: seen, not predicted.
    pub races: usize,
    /// What did not fit.
    pub misfits: Vec<String>,
}

impl Report {
    /// Adds another report.
    pub fn add(&mut self, other: &Self) {
        self.runs += other.runs;
        self.bindings += other.bindings;
        self.best += other.best;
        self.choices += other.choices;
        self.states += other.states;
        self.seconds += other.seconds;
        self.width += other.width;
        self.races += other.races;
        self.misfits.extend(other.misfits.iter().cloned());
    }
}

/// Replays every run of a file. `placer` makes the scheduler of the staged cluster.
///
/// # Errors
/// If the objects cannot be read as a cluster.
pub fn replay<P: Placer>(
    recording: &Recording,
    objects: &Objects,
    placer: impl Fn(&Stage) -> P,
) -> Result<Report, String> {
    let stage = recording.stage(objects)?;
    Ok(on_stage(recording, &stage, &placer))
}

/// As [`replay`], with the model of kube-scheduler.
///
/// # Errors
/// If the objects cannot be read as a cluster, or the cluster is too large.
pub fn replay_scheduled(recording: &Recording, objects: &Objects) -> Result<Report, String> {
    let stage = recording.stage(objects)?;
    let compiled = Compiled::of(&stage.cluster, &stage.facts).map_err(|e| e.to_string())?;
    Ok(on_stage(recording, &stage, &|_| Board::new(&compiled)))
}

fn on_stage<P: Placer>(recording: &Recording, stage: &Stage, placer: &impl Fn(&Stage) -> P) -> Report {
    let mut report = Report::default();
    for (i, run) in recording.runs.iter().enumerate() {
        let script = Script::of(run);
        let mut sim = Sim::new(Arc::new(stage.facts.clone()), placer(stage));
        begin(&mut sim, run, stage);
        let mut one = Report { runs: 1, ..Report::default() };
        follow(Driver::new(sim, &script, &stage.workloads), run, &script, stage, &mut one);
        for misfit in &mut one.misfits {
            *misfit = format!("run {}: {misfit}", i + 1);
        }
        report.add(&one);
    }
    report
}

/// The state before the record begins: K3s's own pods run, everything else is created at time 0.
fn begin<P: Placer>(sim: &mut Sim<P>, run: &Run, stage: &Stage) {
    let Some(green) = run.steps.first() else { return };
    for (label, &index) in &stage.workloads {
        let workload = WorkloadId(index);
        match green.workloads.get(label).filter(|s| s.tier.as_deref() == Some("k3s")) {
            Some(status) => {
                for node in status.up.iter().filter_map(|n| stage.facts.node(n)) {
                    sim.adopt(workload, node);
                }
            }
            None if label.starts_with("filler-") => {}
            // The harness creates one object after the other within a few seconds.
            None => sim.act(Act::Create(workload), Window::between(0, 10_000)),
        }
    }
}

/// Follows the observations step by step and compares at the end of each.
fn follow<P: Placer>(driver: Driver<'_, P>, run: &Run, script: &Script, stage: &Stage, report: &mut Report) {
    let mut driver = driver;
    let mut next = 0;
    for step in &run.steps {
        let start = driver.sim.log.len();
        let end = millis(step.to_s);
        // An act at the very end of a step opens the next one.
        let beyond = |o: &observe::Observation| o.at > end || o.at == end && o.what.is_act();
        let last = (next..script.observations.len())
            .find(|&i| beyond(&script.observations[i]))
            .unwrap_or(script.observations.len());
        match order::follow(driver.clone(), script, next..last, end) {
            Ok(found) => driver = found,
            Err(misfit) => {
                report.misfits.push(format!("{}: {misfit}", step.name));
                return;
            }
        }
        report.bindings +=
            script.observations[next..last].iter().filter(|o| matches!(o.what, Seen::Bound { .. })).count();
        next = last;
        compare(&driver.sim, step, stage, start, script.whole, report);
    }
    report.races += driver.races;
    report.best += driver.best.0;
    report.choices += driver.best.1;
}

/// Compares the end of a step.
fn compare<P: Placer>(
    sim: &Sim<P>,
    step: &RecordedStep,
    stage: &Stage,
    start: usize,
    whole: bool,
    report: &mut Report,
) {
    let empty = RecordedStatus::default();
    let from = millis(step.from_s);
    for (label, &index) in &stage.workloads {
        let recorded = step.workloads.get(label).unwrap_or(&empty);
        let status = sim.status(WorkloadId(index));
        report.states += 1;
        if let Some(difference) = differs(&status, recorded, stage) {
            report.misfits.push(format!("{}: {label}: {difference}", step.name));
        }
        let (Some(seconds), true) = (recorded.ready_again_s, whole) else { continue };
        match sim.ready_again(WorkloadId(index), start) {
            None => report
                .misfits
                .push(format!("{}: {label}: ready again after {seconds} s, not predicted", step.name)),
            Some((_, when)) => {
                let at = from + millis(seconds);
                let wide = Window {
                    earliest: when.earliest.saturating_sub(driver::SLACK),
                    ..when.late(driver::SLACK)
                };
                if wide.contains(at) {
                    report.seconds += 1;
                    report.width += when.latest.unwrap_or(when.earliest).saturating_sub(when.earliest);
                } else {
                    report.misfits.push(format!(
                        "{}: {label}: ready again after {seconds} s, predicted {}",
                        step.name,
                        Window {
                            earliest: when.earliest.saturating_sub(from),
                            latest: when.latest.map(|l| l.saturating_sub(from))
                        }
                    ));
                }
            }
        }
    }
}

fn differs(status: &WorkloadStatus, recorded: &RecordedStatus, stage: &Stage) -> Option<String> {
    let names = |nodes: &[NodeId]| {
        let mut names: Vec<&str> =
            nodes.iter().map(|n| stage.facts.nodes[usize::from(n.0)].name.as_str()).collect();
        names.sort_unstable();
        names.join(",")
    };
    let sorted = |nodes: &[String]| {
        let mut names: Vec<&str> = nodes.iter().map(String::as_str).collect();
        names.sort_unstable();
        names.join(",")
    };
    let pairs = [
        ("up", names(&status.up), sorted(&recorded.up)),
        ("pending", status.pending.to_string(), recorded.pending.to_string()),
        ("stuck", names(&status.stuck), sorted(&recorded.stuck_terminating)),
        ("lost", names(&status.lost), sorted(&recorded.lost)),
        ("ending", names(&status.ending), sorted(&recorded.terminating)),
        ("starting", names(&status.starting), sorted(&recorded.orphan)),
    ];
    let different: Vec<String> = pairs
        .into_iter()
        .filter(|(_, a, b)| a != b)
        .map(|(name, a, b)| format!("{name} predicted [{a}], recorded [{b}]"))
        .collect();
    (!different.is_empty()).then(|| different.join("; "))
}

//! Dead keys of the values files on the command line.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use indicatif::ProgressBar;
use lifeboat::catalogue::{ValuePath, merge_files};
use lifeboat::diag::{Diagnostic, codes::render as codes};
use lifeboat::probe::dead::{Suspect, meant, named, read, same, suspects, switched_on, without};
use lifeboat::source::SourceMap;
use serde_json::Value;

use super::{Job, Stop, Task, failed};
use crate::cli::context::name_of;
use crate::cli::helm;

/// Most keys of one file that are tried.
const MOST: usize = 2_000;
/// Keys that are left out of one render, to begin with.
const TOGETHER: usize = 16;

/// What no chart of the tasks reads. With several tasks a key is dead only if it is for all of them.
pub(super) fn find(job: &Job<'_>, tasks: &[Task], sources: &mut SourceMap) -> Result<Vec<Diagnostic>, Stop> {
    let mut found = Vec::new();
    for file in &job.args.values {
        let text = std::fs::read_to_string(file)
            .map_err(|error| job.stop(vec![failed(&name_of(file), &error.to_string())]))?;
        let root = read(&text).map_err(|error| job.stop(vec![failed(&name_of(file), &error)]))?;
        let Some(root) = root else { continue };
        let mut dead: Option<Vec<Suspect>> = None;
        for task in tasks {
            let suspects = suspects(&root, &task.package);
            let mine = in_chart(job, task, file, &root.to_json(), suspects)
                .map_err(|error| job.stop(vec![failed(&task.name, &error)]))?;
            dead = Some(match dead {
                Some(known) => known.into_iter().filter(|suspect| mine.contains(suspect)).collect(),
                None => mine,
            });
        }
        let id = sources.add(&name_of(file), text);
        for suspect in dead.unwrap_or_default() {
            let span = suspect.at.span(id, sources.get(id));
            let message = format!("`{}` changes nothing that Helm renders", suspect.path);
            let mut finding = Diagnostic::new(codes::DEAD_VALUE, message).at(span, "nobody reads this");
            let near = tasks.iter().find_map(|task| {
                let edition = &job.plan().services[task.service].edition;
                meant(&suspect.path, &task.package, Some(edition))
            });
            if let Some(near) = near {
                finding = finding.help(format!("did you mean `{near}`?"));
            }
            found.push(finding);
        }
    }
    Ok(found)
}

/// Suspects that one chart does not read: no template names them, the render without them is the same, and
/// stays so with everything above them switched on. The overlay stays away, because it could hide what they do.
fn in_chart(
    job: &Job<'_>,
    task: &Task,
    file: &Path,
    values: &Value,
    suspects: Vec<Suspect>,
) -> Result<Vec<Suspect>, String> {
    let edition = &job.plan().services[task.service].edition;
    let known_dead =
        |path: &ValuePath| edition.dead.iter().any(|(dead, _)| dead == path || dead.contains(path));
    let read = |suspect: &Suspect| named(&suspect.path, &task.package) && !known_dead(&suspect.path);
    let mut suspects: Vec<Suspect> = suspects.into_iter().filter(|suspect| !read(suspect)).collect();
    if suspects.is_empty() {
        return Ok(suspects);
    }
    if suspects.len() > MOST {
        anstream::eprintln!("{}: only the first {MOST} unknown keys are tried", name_of(file));
        suspects.truncate(MOST);
    }
    let mut trial = Trial::new(job, task, file, values);
    let idle = trial.idle(&suspects, None)?;
    // Keys with the same switches above them are tried together.
    let mut behind: BTreeMap<String, (Value, Vec<Suspect>)> = BTreeMap::new();
    let mut dead = Vec::new();
    let with_file = merge_files(&task.package.values, values);
    for suspect in idle {
        match switched_on(&suspect.path, &with_file) {
            Some(on) => behind.entry(on.to_string()).or_insert_with(|| (on, Vec::new())).1.push(suspect),
            None => dead.push(suspect),
        }
    }
    for (on, group) in behind.into_values() {
        // A switch that needs more than itself says nothing about what is behind it.
        dead.extend(trial.idle(&group, Some(&on)).unwrap_or_default());
    }
    trial.bar.finish_and_clear();
    dead.sort_by_key(|suspect| suspect.at);
    Ok(dead)
}

/// Renders of one chart without some keys of one file.
struct Trial<'a> {
    job: &'a Job<'a>,
    task: &'a Task,
    file: &'a Path,
    values: &'a Value,
    bar: ProgressBar,
    files: usize,
}

impl<'a> Trial<'a> {
    fn new(job: &'a Job<'a>, task: &'a Task, file: &'a Path, values: &'a Value) -> Self {
        let bar = helm::progress(format!("{}: unknown keys", task.name));
        Self { job, task, file, values, bar, files: 0 }
    }

    /// The suspects without which the chart renders the same. Many are left out at once; only a render that
    /// differs is looked into by halves.
    fn idle(&mut self, suspects: &[Suspect], switches: Option<&Value>) -> Result<Vec<Suspect>, String> {
        let layer = switches.map(|on| self.stand_in(on)).transpose()?;
        let files = |own: &Path| -> Vec<PathBuf> {
            let files = self.job.values(self.task.service).into_iter();
            let own = files.map(|f| if f == self.file { own.to_path_buf() } else { f });
            own.chain(layer.clone()).collect()
        };
        let (job, task) = (self.job, self.task);
        let whole = files(self.file);
        self.bar.inc_length(2);
        let base = || {
            let text = job.helm(task.service, &task.chart, &whole);
            self.bar.inc(1);
            text
        };
        let (first, second) = (base()?, base()?);
        let mut groups: Vec<Vec<&Suspect>> =
            suspects.chunks(TOGETHER).map(|group| group.iter().collect()).collect();
        let mut idle = Vec::new();
        while !groups.is_empty() {
            let mut round = Vec::new();
            for group in groups {
                let rest =
                    group.iter().fold(self.values.clone(), |rest, suspect| without(&rest, &suspect.path));
                self.files += 1;
                let name = format!("without-{}-{}.json", task.name, self.files);
                // JSON is YAML, and leaves nothing to quote.
                round.push((group, files(&job.file(&name, &rest.to_string())?)));
            }
            self.bar.inc_length(round.len() as u64);
            // A chart that refuses to render without the key reads it.
            let work = |(_, files): &(Vec<&Suspect>, Vec<PathBuf>)| {
                job.helm(task.service, &task.chart, files).is_ok_and(|text| same(&first, &second, &text))
            };
            let alike = helm::parallel(&round, work, || self.bar.inc(1));
            groups = Vec::new();
            for ((group, _), alike) in round.into_iter().zip(alike) {
                if alike {
                    idle.extend(group.into_iter().cloned());
                } else if group.len() > 1 {
                    let (left, right) = group.split_at(group.len() / 2);
                    groups.extend([left.to_vec(), right.to_vec()]);
                }
            }
        }
        Ok(idle)
    }

    fn stand_in(&mut self, values: &Value) -> Result<PathBuf, String> {
        self.files += 1;
        self.job.file(&format!("switches-{}-{}.json", self.task.name, self.files), &values.to_string())
    }
}

//! Dead keys of the values files on the command line.

use std::path::Path;

use lifeboat::diag::{Diagnostic, codes::render as codes};
use lifeboat::probe::dead::{Suspect, living, read, same, suspects, without};
use lifeboat::source::SourceMap;

use super::{Job, Stop, Task, failed};
use crate::cli::context::name_of;
use crate::cli::helm;

/// Most keys of one file that are tried, each with a render of its own.
const MOST: usize = 400;

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
                living(&suspect.path, &task.package, Some(edition))
            });
            if let Some(near) = near {
                finding = finding.help(format!("did you mean `{near}`?"));
            }
            found.push(finding);
        }
    }
    Ok(found)
}

/// Suspects that one chart does not read: the render without them is the same. The overlay stays away,
/// because it could hide what they do.
fn in_chart(
    job: &Job<'_>,
    task: &Task,
    file: &Path,
    values: &serde_json::Value,
    mut suspects: Vec<Suspect>,
) -> Result<Vec<Suspect>, String> {
    if suspects.is_empty() {
        return Ok(suspects);
    }
    if suspects.len() > MOST {
        anstream::eprintln!("{}: only the first {MOST} unknown keys are tried", name_of(file));
        suspects.truncate(MOST);
    }
    let files = job.values(task.service);
    let base = || job.helm(task.service, &task.chart, &files);
    let (first, second) = (base()?, base()?);
    let numbered: Vec<(usize, &Suspect)> = suspects.iter().enumerate().collect();
    let work = |(i, suspect): &(usize, &Suspect)| {
        let rest = without(values, &suspect.path);
        // JSON is YAML, and leaves nothing to quote.
        let name = format!("without-{}-{i}.json", task.name);
        let Ok(stand_in) = job.file(&name, &rest.to_string()) else { return false };
        let files: Vec<_> =
            files.iter().map(|f| if f == file { stand_in.clone() } else { f.clone() }).collect();
        // A chart that refuses to render without the key reads it.
        job.helm(task.service, &task.chart, &files).is_ok_and(|text| same(&first, &second, &text))
    };
    let dead = helm::parallel(&numbered, work, || {});
    Ok(suspects.into_iter().zip(dead).filter(|(_, dead)| *dead).map(|(suspect, _)| suspect).collect())
}

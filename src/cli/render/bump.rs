//! A new version of a chart under an overlay that was made for the old one.

use std::fmt::Write as _;
use std::io::Cursor;
use std::path::Path;
use std::process::ExitCode;

use lifeboat::catalogue::ValuePath;
use lifeboat::diag::{Diagnostic, codes::render as codes};
use lifeboat::overlay::Overlay;
use lifeboat::probe::Shot;
use lifeboat::probe::bump::{Change, carriers, defaults};
use lifeboat::probe::dead::{living, same, without};
use lifeboat::probe::package::Package;
use lifeboat::verify::Input;

use super::{Job, Stop, Task, failed, missing};
use crate::cli::context::{BROKEN, FINDINGS};
use crate::cli::helm;

pub(super) fn run(job: &Job<'_>, tasks: &[Task], old: &Path) -> Result<ExitCode, Stop> {
    let [task] = tasks else {
        anstream::eprintln!("error: name the one service whose chart is compared");
        return Err(ExitCode::from(BROKEN));
    };
    let old_package = helm::package(old).map_err(|error| job.stop(vec![missing(error)]))?;
    if old_package.name != task.package.name {
        let message = format!("{} is chart {}, not {}", old.display(), old_package.name, task.package.name);
        return Err(job.stop(vec![missing(message)]));
    }
    anstream::eprintln!("Helm {}: {}", job.helm.version, job.helm.null_rules());
    say(
        job,
        &format!("{}: {} {} → {}", task.name, task.package.name, old_package.version, task.package.version),
    );
    let refused = |error: String| job.stop(vec![failed(&task.name, &error)]);
    let values = job.with_overlay(task.service, &task.name).map_err(refused)?;
    let before = job.helm(task.service, old, &values).map_err(refused)?;
    let now = job.helm(task.service, &task.chart, &values).map_err(refused)?;
    let shot = |text: &str| Shot::of(text, "").map_err(refused);
    say(job, &changes(&carriers(&shot(&before)?, &shot(&now)?)));
    let overlay = job.overlay(task.service);
    let set: Vec<ValuePath> =
        overlay.into_iter().flat_map(|overlay| &overlay.leaves).map(|leaf| leaf.path.clone()).collect();
    say(job, &changed_defaults(&old_package, &task.package, &set));
    let dead = match overlay {
        Some(overlay) => dead_leaves(job, task, overlay, old, (&before, &now)).map_err(refused)?,
        None => Vec::new(),
    };
    let findings: Vec<Diagnostic> = dead.iter().map(|path| dead_leaf(path, task)).collect();
    if !findings.is_empty() {
        say(job, &format!("values of the overlay that have become dead: {}", dead.len()));
    }
    let name = job.keep(&task.name, &now)?;
    let input = Input { name, stream: Ok(Box::new(Cursor::new(now.into_bytes()))) };
    let (code, failed) = job.verify(vec![input], findings, &job.prepared.sources);
    let verdict = match (code, failed) {
        (0, false) => "the plan still holds with the overlay as it is",
        (0, true) => "the plan still holds, but values of the overlay do nothing any more",
        _ => "the plan does not hold with the overlay as it is",
    };
    say(job, &format!("{}: {verdict}", task.name));
    Ok(ExitCode::from(if code == 0 && failed { FINDINGS } else { code }))
}

/// A line for people: on standard output, unless a program reads that.
fn say(job: &Job<'_>, text: &str) {
    let text = text.trim_end();
    match (text.is_empty(), job.for_people()) {
        (true, _) => {}
        (false, true) => anstream::println!("{text}"),
        (false, false) => anstream::eprintln!("{text}"),
    }
}

fn dead_leaf(path: &ValuePath, task: &Task) -> Diagnostic {
    let message = format!("`{path}` changes nothing in {} {}", task.package.name, task.package.version);
    let finding = Diagnostic::new(codes::DEAD_OVERLAY_VALUE, message);
    match living(path, &task.package, None).filter(|near| near != path) {
        Some(near) => finding.help(format!("did it move to `{near}`?")),
        None => finding,
    }
}

/// Leaves of the overlay that do something in the old chart and nothing in the new one. A leaf that another
/// value makes superfluous in both has not become dead.
fn dead_leaves(
    job: &Job<'_>,
    task: &Task,
    overlay: &Overlay,
    old: &Path,
    renders: (&str, &str),
) -> Result<Vec<ValuePath>, String> {
    let all: Vec<&ValuePath> = overlay.leaves.iter().map(|leaf| &leaf.path).collect();
    let idle = idle_leaves(job, task, overlay, &task.chart, renders.1, &all)?;
    let before = idle_leaves(job, task, overlay, old, renders.0, &idle)?;
    Ok(idle.into_iter().filter(|path| !before.contains(path)).cloned().collect())
}

/// Leaves without which a chart renders the same.
fn idle_leaves<'p>(
    job: &Job<'_>,
    task: &Task,
    overlay: &Overlay,
    chart: &Path,
    with_all: &str,
    paths: &[&'p ValuePath],
) -> Result<Vec<&'p ValuePath>, String> {
    if paths.is_empty() {
        return Ok(Vec::new());
    }
    let files = job.values(task.service);
    let whole = overlay.values();
    let again = job.helm(task.service, chart, &job.with_overlay(task.service, &task.name)?)?;
    let numbered: Vec<(usize, &ValuePath)> = paths.iter().copied().enumerate().collect();
    let work = |(i, path): &(usize, &ValuePath)| {
        let name = format!("overlay-{}-without-{i}.json", task.name);
        let Ok(rest) = job.file(&name, &without(&whole, path).to_string()) else { return false };
        let files: Vec<_> = files.iter().cloned().chain([rest]).collect();
        job.helm(task.service, chart, &files).is_ok_and(|text| same(with_all, &again, &text))
    };
    let bar = helm::progress(format!("{}: values of the overlay", task.name));
    bar.inc_length(numbered.len() as u64);
    let idle = helm::parallel(&numbered, work, || bar.inc(1));
    bar.finish_and_clear();
    Ok(paths.iter().copied().zip(idle).filter(|(_, idle)| *idle).map(|(path, _)| path).collect())
}

fn changes(changes: &[Change]) -> String {
    let mut out = String::new();
    for change in changes {
        // Writing to a string cannot fail.
        let _ = match change {
            Change::Appeared(id) => writeln!(out, "+ {id}"),
            Change::Vanished(id) => writeln!(out, "- {id}"),
            Change::Moved(was, is) => writeln!(out, "~ {was} → {is}"),
            Change::Containers(id, was, is) => {
                writeln!(out, "~ {id}: containers {} → {}", was.join(", "), is.join(", "))
            }
            Change::Selector(id) => {
                writeln!(out, "! {id}: another selector, which Kubernetes does not change in place")
            }
        };
    }
    if out.is_empty() {
        out.push_str("the same pods\n");
    }
    out
}

fn changed_defaults(old: &Package, new: &Package, set: &[ValuePath]) -> String {
    let all = defaults(old, new, set);
    let show = |value: Option<&serde_json::Value>| {
        let text = value.map_or_else(|| "absent".to_owned(), ToString::to_string);
        if text.chars().count() > 80 { text.chars().take(79).chain(['…']).collect() } else { text }
    };
    let mut out = String::new();
    for default in &all {
        let (was, is) = (show(default.was.as_ref()), show(default.is.as_ref()));
        let _ = writeln!(out, "default {}: {was} → {is}", default.path);
    }
    out
}

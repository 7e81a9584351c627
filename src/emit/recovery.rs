//! What `cluster/recovery/` holds: fencing, backups, restore, rebalance and status.

use serde::Serialize;

use super::template::{RenderError, render};

/// What `recovery/fence.sh` knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FenceContext {
    /// The cluster's name, for messages.
    pub cluster: String,
    /// Seconds that a node must be NotReady before it may be fenced.
    pub after: u64,
    /// `manual` or `automatic`.
    pub fencing: String,
    /// Dead nodes at most at which the automation acts.
    pub max_nodes: u32,
    /// `gateway`, or a host that the server must still reach.
    pub witness: String,
    /// Path of a program that proves power-off; empty if there is none.
    pub confirm: String,
}

/// Renders `recovery/fence.sh`.
///
/// # Errors
/// If a value has no safe form in a shell script.
pub fn fence(context: &FenceContext) -> Result<String, RenderError> {
    render("cluster/recovery/fence.sh", context)
}

/// A rollout that brings a workload back to its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rollout {
    /// `deployment`, `statefulset` or `daemonset`.
    pub kind: String,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Seconds to wait until it is ready.
    pub timeout: u64,
    /// `keeps` or `loses`: what becomes of the data of its volumes.
    pub data: String,
}

/// What `recovery/rebalance.sh` knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RebalanceContext {
    /// The cluster's name, for messages.
    pub cluster: String,
    /// The rollouts in the order that the proof found.
    pub rollouts: Vec<Rollout>,
    /// Every node, all of which must be Ready first.
    pub nodes: Vec<String>,
    /// The lock, if there is one: it is waited for at the end.
    pub locks: Vec<Lock>,
}

/// The lock's Deployment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Lock {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

/// Renders `recovery/rebalance.sh`.
///
/// # Errors
/// If a value has no safe form in a shell script.
pub fn rebalance(context: &RebalanceContext) -> Result<String, RenderError> {
    render("cluster/recovery/rebalance.sh", context)
}

/// A node as `status.sh` expects it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StatusNode {
    /// Its name.
    pub name: String,
    /// `server` or `agent`.
    pub role: String,
    /// `yes` or `no`.
    pub lifeboat: String,
    /// The build label of its drop-in, or `-`: see [`super::k3s::build_label`].
    pub build: String,
}

/// A node's drop-in in an earlier build.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OlderBuild {
    /// The node.
    pub node: String,
    /// The build label that its drop-in had.
    pub build: String,
    /// How many drop-ins ago that was, from 1.
    pub age: u32,
}

/// A workload as `status.sh` expects it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StatusWorkload {
    /// `Deployment`, `StatefulSet` or `DaemonSet`.
    pub kind: String,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its tier, or `lock`.
    pub tier: String,
    /// Replicas by the policy; `-` for a DaemonSet.
    pub replicas: String,
    /// `runs` if green claims that it runs, else `free`.
    pub running: String,
    /// `on` or `off` the lifeboat in green, or `any`.
    pub place: String,
}

/// A member of a rule that green claims.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StatusApart {
    /// The rule's name: its members share no node.
    pub rule: String,
    /// `Deployment`, `StatefulSet` or `DaemonSet`.
    pub kind: String,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

/// What `recovery/status.sh` knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StatusContext {
    /// The cluster's name, for messages.
    pub cluster: String,
    /// Every node.
    pub nodes: Vec<StatusNode>,
    /// Whether there is a script that fences: `yes` or `no`.
    pub fences: String,
    /// Whether there is a script for the way back: `yes` or `no`.
    pub rebalances: String,
    /// What earlier builds wrote.
    pub older_builds: Vec<OlderBuild>,
    /// The workloads with a tier, and the lock.
    pub workloads: Vec<StatusWorkload>,
    /// Who keeps apart in green.
    pub apart: Vec<StatusApart>,
}

/// Renders `recovery/status.sh`.
///
/// # Errors
/// If a value has no safe form in a shell script.
pub fn status(context: &StatusContext) -> Result<String, RenderError> {
    render("cluster/recovery/status.sh", context)
}

/// What the scripts and pages about backups know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BackupContext {
    /// The cluster's name, for messages.
    pub cluster: String,
    /// Whether the distribution is K3s.
    pub k3s: bool,
    /// `etcd`, `sqlite` or `external`.
    pub datastore: String,
    /// Where the backups are on each server.
    pub folder: String,
    /// Whether that is a folder of the policy's, maybe on another disk.
    pub elsewhere: bool,
    /// How many are kept.
    pub retention: u32,
    /// Cron line of the schedule; empty for an external datastore.
    pub schedule: String,
    /// The oldest backup that will do, in seconds.
    pub younger_than: u64,
    /// Whether K3s also sends its snapshots to S3: restoring needs further flags.
    pub s3: bool,
    /// The servers, the first of which is restored first.
    pub servers: Vec<String>,
    /// The agents.
    pub agents: Vec<String>,
    /// Manifests that a person applies where K3s does not, from the output folder.
    pub manifests: Vec<String>,
}

/// Renders `recovery/check-backup.sh`.
///
/// # Errors
/// If a value has no safe form in a shell script.
pub fn check_backup(context: &BackupContext) -> Result<String, RenderError> {
    render("cluster/recovery/check-backup.sh", context)
}

/// Renders `recovery/backup-sqlite.sh`.
///
/// # Errors
/// If a value has no safe form in a shell script.
pub fn backup_sqlite(context: &BackupContext) -> Result<String, RenderError> {
    render("cluster/recovery/backup-sqlite.sh", context)
}

/// Renders `recovery/restore.md`.
///
/// # Errors
/// If a value has no safe form on a page.
pub fn restore(context: &BackupContext) -> Result<String, RenderError> {
    render("cluster/recovery/restore.md", context)
}

/// The systemd units, as names and texts. `fences` asks for the fencing timer, `sqlite` for the
/// backup's.
///
/// # Errors
/// If the schedule is no cron line that a timer can follow.
pub fn units(
    fences: bool,
    sqlite: Option<&BackupContext>,
) -> Result<Vec<(&'static str, String)>, RenderError> {
    let mut units = Vec::new();
    let mut add = |name: &'static str, template: &str, calendars: Vec<String>| {
        #[derive(Serialize)]
        struct Context {
            calendars: Vec<String>,
        }
        render(template, &Context { calendars }).map(|text| units.push((name, text)))
    };
    if fences {
        add("lifeboat-fence.service", "cluster/recovery/lifeboat-fence.service", Vec::new())?;
        add("lifeboat-fence.timer", "cluster/recovery/lifeboat-fence.timer", Vec::new())?;
    }
    if let Some(backup) = sqlite {
        let calendars = on_calendar(&backup.schedule).map_err(|message| RenderError {
            template: "cluster/recovery/lifeboat-backup.timer".to_owned(),
            message,
        })?;
        add("lifeboat-backup.service", "cluster/recovery/lifeboat-backup.service", Vec::new())?;
        add("lifeboat-backup.timer", "cluster/recovery/lifeboat-backup.timer", calendars)?;
    }
    Ok(units)
}

/// systemd `OnCalendar=` expressions for a five-field cron line. Two of them where the line restricts
/// both day of month and day of week, because cron runs if either matches and systemd if both do.
///
/// # Errors
/// With a sentence, if the line has not five fields, or a field holds something else than `*`,
/// numbers in range, ranges, lists and steps.
pub fn on_calendar(cron: &str) -> Result<Vec<String>, String> {
    let cron = match cron.trim() {
        "@hourly" => "0 * * * *",
        "@daily" | "@midnight" => "0 0 * * *",
        "@weekly" => "0 0 * * 0",
        "@monthly" => "0 0 1 * *",
        other => other,
    };
    let fields: Vec<&str> = cron.split_whitespace().collect();
    let [minute, hour, day, month, weekday] = fields[..] else {
        return Err(format!("`{cron}` has {} fields, a cron line has five", fields.len()));
    };
    let minute = calendar_field(minute, 0, 59)?;
    let hour = calendar_field(hour, 0, 23)?;
    let day = calendar_field(day, 1, 31)?;
    let month = calendar_field(month, 1, 12)?;
    let weekdays = weekday_field(weekday)?;
    let at = |days: &str, of: &str| format!("{days}*-{month}-{of} {hour}:{minute}:00");
    Ok(match (weekdays, day.as_str()) {
        (None, _) => vec![at("", &day)],
        (Some(names), "*") => vec![at(&format!("{names} "), "*")],
        (Some(names), _) => vec![at("", &day), at(&format!("{names} "), "*")],
    })
}

/// One numeric cron field in systemd's words: `*/12` becomes `00/12`, `1-5` becomes `01..05`.
fn calendar_field(field: &str, low: u32, high: u32) -> Result<String, String> {
    let number = |text: &str| match text.parse::<u32>() {
        Ok(value) if (low..=high).contains(&value) => Ok(value),
        _ => Err(format!("`{text}` is no number from {low} to {high}")),
    };
    let mut parts = Vec::new();
    for part in field.split(',') {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => match step.parse::<u32>() {
                Ok(step) if step > 0 && step <= high => (range, Some(step)),
                _ => return Err(format!("`{step}` is no step")),
            },
            None => (part, None),
        };
        let (first, last) = match range.split_once('-') {
            None if range == "*" => (None, None),
            None => (Some(number(range)?), None),
            Some((a, b)) => (Some(number(a)?), Some(number(b)?)),
        };
        if let (Some(a), Some(b)) = (first, last)
            && a > b
        {
            return Err(format!("`{range}` runs backwards"));
        }
        parts.push(match (first, last, step) {
            (None, _, None) => "*".to_owned(),
            (None, _, Some(step)) => format!("{low:02}/{step}"),
            (Some(a), None, None) => format!("{a:02}"),
            (Some(a), None, Some(step)) => format!("{a:02}/{step}"),
            (Some(a), Some(b), None) => format!("{a:02}..{b:02}"),
            (Some(a), Some(b), Some(step)) => format!("{a:02}..{b:02}/{step}"),
        });
    }
    Ok(parts.join(","))
}

/// The weekday field: `None` for `*`, otherwise systemd's names. 0 and 7 are Sunday.
fn weekday_field(field: &str) -> Result<Option<String>, String> {
    const NAMES: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
    if field == "*" {
        return Ok(None);
    }
    let number = |text: &str| -> Result<usize, String> {
        let by_name = NAMES.iter().position(|name| name.eq_ignore_ascii_case(text));
        match by_name.or_else(|| text.parse().ok()) {
            Some(day) if day <= 7 => Ok(day),
            _ => Err(format!("`{text}` is no day of the week")),
        }
    };
    let mut days = Vec::new();
    for part in field.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (number(first)?, number(last)?);
        if first > last {
            return Err(format!("`{part}` runs backwards"));
        }
        days.extend((first..=last).map(|day| NAMES[day % 7]));
    }
    Ok(Some(days.join(",")))
}

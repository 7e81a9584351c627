//! `[recovery]`: who fences, under which conditions; backups.

use super::super::shapes::{Datastore, Distribution, Fencing, TomlPolicy, TomlRecovery, TomlSnapshots};
use super::super::{Cluster, Recovery, Snapshots};
use super::{At, Cx, join, map_or, or};
use crate::diag::codes::policy as codes;
use crate::shape::Field;
use crate::source::Span;

/// Below this a node that only rebooted would be fenced, unless something proves that its power is off.
const LEAST_AFTER: u64 = 120;

pub(super) fn check(cx: &mut Cx<'_>, toml: &TomlPolicy, cluster: Option<&Cluster>) -> Recovery {
    let empty = Field::default_at(TomlRecovery::default(), "recovery");
    let table = toml.recovery.as_ref().unwrap_or(&empty);
    let (at, recovery) = (At::from(table), &table.value);
    let fencing = or(at, "fencing", recovery.fencing.as_ref(), Fencing::Manual);
    let after = map_or(at, "after", recovery.after.as_ref(), |duration| duration.seconds, 300);
    if fencing.value == Fencing::Automatic {
        check_automatic(cx, recovery, &fencing, &after, cluster);
    } else {
        warn_unused(cx, recovery, &fencing);
    }
    Recovery {
        max_nodes: or(at, "max-nodes", recovery.max_nodes.as_ref(), 1),
        witness: host(cx, or(at, "witness", recovery.witness.as_ref(), "gateway".to_owned())),
        confirm: recovery.confirm.clone().filter(|confirm| absolute(cx, confirm, "a program")),
        backup_younger_than: younger_than(cx, recovery, cluster),
        snapshots: snapshots(cx, at, recovery, cluster),
        rebalance: or(at, "rebalance", recovery.rebalance.as_ref(), true),
        fencing,
        after,
    }
}

fn check_automatic(
    cx: &mut Cx<'_>,
    recovery: &TomlRecovery,
    fencing: &Field<Fencing>,
    after: &Field<u64>,
    cluster: Option<&Cluster>,
) {
    if let Some(cluster) = cluster.filter(|cluster| cluster.distribution.value != Distribution::K3s) {
        let message = "automatic fencing runs on K3s servers only";
        let mut finding = Cx::finding(codes::FENCING_UNSUPPORTED, message, fencing.span, "not here");
        if let Some(span) = cluster.distribution.span {
            finding = finding.label(span, "another distribution");
        }
        cx.report(finding.help("write fencing = \"manual\""));
    }
    if after.value < LEAST_AFTER && recovery.confirm.is_none() {
        let message = format!("a fence after {} s hits nodes that only restart", after.value);
        let help = "write after = \"2m\" or more, or name a program that proves power-off in `confirm`";
        cx.report(Cx::finding(codes::FENCING_TOO_EARLY, message, after.span, "too early").help(help));
    }
    if let Some(zero) = recovery.max_nodes.as_ref().filter(|max| max.value == 0) {
        let message = "automatic fencing of at most 0 nodes";
        cx.report(
            Cx::finding(codes::CONTRADICTION, message, zero.span, "fences nothing")
                .help("write fencing = \"manual\""),
        );
    }
}

/// Conditions of an automation that is not on.
fn warn_unused(cx: &mut Cx<'_>, recovery: &TomlRecovery, fencing: &Field<Fencing>) {
    let mut keys: Vec<(&str, Option<Span>)> = vec![
        ("max-nodes", recovery.max_nodes.as_ref().and_then(|field| field.span)),
        ("witness", recovery.witness.as_ref().and_then(|field| field.span)),
        ("confirm", recovery.confirm.as_ref().and_then(|field| field.span)),
    ];
    if fencing.value == Fencing::None {
        keys.push(("after", recovery.after.as_ref().and_then(|field| field.span)));
    }
    for (key, span) in keys.into_iter().filter(|(_, span)| span.is_some()) {
        let message = format!("`recovery.{key}` is a condition of automatic fencing, which is off");
        let mut finding =
            Cx::finding(codes::UNUSED_KEY, message, span, "does nothing").about(join("recovery", key));
        if let Some(span) = fencing.span {
            finding = finding.label(span, "off here");
        }
        cx.report(finding.help("take the line out, or write fencing = \"automatic\""));
    }
}

fn host(cx: &mut Cx<'_>, witness: Field<String>) -> Field<String> {
    let text = &witness.value;
    let fine = !text.is_empty() && text.len() <= 253 && !text.starts_with('-');
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b':');
    if !fine || !text.bytes().all(plain) {
        let message = format!("{text:?} is no host");
        let help = "write \"gateway\", an address or a host name";
        cx.report(Cx::finding(codes::BAD_VALUE, message, witness.span, "not a host").help(help));
    }
    witness
}

fn absolute(cx: &mut Cx<'_>, path: &Field<String>, what: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b'/');
    let dots = path.value.split('/').any(|part| matches!(part, "." | ".."));
    let fine =
        path.value.starts_with('/') && path.value.bytes().all(plain) && !dots && !path.value.ends_with('/');
    if !fine {
        let message = format!("{:?} is no absolute path of {what}", path.value);
        let help = "write it from `/`, of letters, digits, `.`, `-` and `_`";
        cx.report(Cx::finding(codes::UNSAFE_PATH, message, path.span, "this path").help(help));
    }
    fine
}

/// Whose backups nobody here can see, and what the policy says that makes it so.
fn unseen(cluster: Option<&Cluster>) -> Option<(&'static str, Option<Span>)> {
    let cluster = cluster?;
    if cluster.datastore.value == Datastore::External {
        return Some(("an external datastore", cluster.datastore.span));
    }
    (cluster.distribution.value != Distribution::K3s)
        .then_some(("a distribution other than K3s", cluster.distribution.span))
}

/// The age that the check asks of a backup; there is no check where no backup can be seen.
fn younger_than(cx: &mut Cx<'_>, recovery: &TomlRecovery, cluster: Option<&Cluster>) -> Option<Field<u64>> {
    let age = recovery.backup_younger_than.clone()?.map(|age| age.seconds);
    let Some((whose, span)) = unseen(cluster) else { return Some(age) };
    let message = format!("nothing here can see how old a backup of {whose} is");
    let mut finding = Cx::finding(codes::UNUSED_KEY, message, age.span, "does nothing").about(&age.path);
    if let Some(span) = span {
        finding = finding.label(span, whose);
    }
    cx.report(finding.help("take the line out, and have the tool that makes the backups watch their age"));
    None
}

fn snapshots(
    cx: &mut Cx<'_>,
    at: At<'_>,
    recovery: &TomlRecovery,
    cluster: Option<&Cluster>,
) -> Option<Snapshots> {
    let empty = Field::default_at(TomlSnapshots::default(), join(at.path, "snapshots"));
    if let Some((whose, span)) = unseen(cluster) {
        if let Some(table) = &recovery.snapshots {
            let message = format!("snapshots of {whose} are its own business");
            let mut finding =
                Cx::finding(codes::UNUSED_KEY, message, table.span, "does nothing").about(&table.path);
            if let Some(span) = span {
                finding = finding.label(span, whose);
            }
            cx.report(finding.help("take the lines out, and back the datastore up with its own tools"));
        }
        return None;
    }
    let table = recovery.snapshots.as_ref().unwrap_or(&empty);
    let (at, toml) = (At::from(table), &table.value);
    let schedule = or(at, "schedule", toml.schedule.as_ref(), "0 */6 * * *".to_owned());
    if !is_cron(&schedule.value) {
        let message = format!("{:?} is no cron line of five fields", schedule.value);
        let help = "write minute, hour, day, month and weekday: \"0 */6 * * *\"";
        cx.report(Cx::finding(codes::BAD_VALUE, message, schedule.span, "not a schedule").help(help));
    }
    let retention = or(at, "retention", toml.retention.as_ref(), 5);
    if retention.value == 0 {
        let message = "a retention of 0 keeps no snapshot";
        cx.report(
            Cx::finding(codes::BAD_VALUE, message, retention.span, "at least 1").help("write 1 or more"),
        );
    }
    let folder = toml.folder.clone().filter(|folder| absolute(cx, folder, "a folder"));
    Some(Snapshots { schedule, retention, folder })
}

fn is_cron(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'*' | b'/' | b',' | b'-');
    let fields: Vec<&str> = text.split(' ').collect();
    fields.len() == 5 && fields.iter().all(|field| !field.is_empty() && field.bytes().all(plain))
}

//! Eviction delay: how long the pod stays bound to a node that nobody hears of.

use super::{Found, Subject};
use crate::diag::codes::verify as codes;
use crate::kube::{Effect, Toleration};
use crate::plan::TOLERATIONS;

const LOST: [&str; 2] = ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"];
/// What the API server adds to pods that say nothing.
const DEFAULT_SECONDS: i64 = 300;

pub(super) fn check(subject: Subject<'_>, found: &mut Vec<Found>) {
    let Some(carrier) = subject.ranked() else { return };
    if carrier.runs_as == "DaemonSet" {
        return;
    }
    let planned = carrier.field(&TOLERATIONS).cloned().unwrap_or_default();
    let planned: Vec<Toleration> = serde_json::from_value(planned).unwrap_or_default();
    let default =
        i64::try_from(subject.plan.policy.cluster.default_eviction_delay.value).unwrap_or(DEFAULT_SECONDS);
    for key in LOST {
        let wanted = seconds(&planned, key).map_or(Delay::For(default), |(_, delay)| delay);
        let real = seconds(&subject.pod().tolerations, key);
        let (n, real) = match real {
            Some((n, delay)) => (Some(n), delay),
            None => (None, Delay::For(default)),
        };
        if wanted == real {
            continue;
        }
        let message = format!("stays {real} on a node with `{key}`; the plan says {wanted}");
        let path: Vec<String> =
            std::iter::once("tolerations".to_owned()).chain(n.map(|n| n.to_string())).collect();
        let mut finding = Found::new(codes::EVICTION_DELAY, &path, message).policy(carrier.span);
        finding.why = carrier.fields.get(&TOLERATIONS).map(|decision| decision.value.why);
        found.push(finding);
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Delay {
    For(i64),
    Ever,
}

impl std::fmt::Display for Delay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Delay::For(seconds) => write!(f, "{seconds} s"),
            Delay::Ever => f.write_str("for ever"),
        }
    }
}

/// The shortest toleration of the taint, as taint eviction takes it, with its index.
fn seconds(tolerations: &[Toleration], key: &str) -> Option<(usize, Delay)> {
    let fitting = tolerations.iter().enumerate().filter(|(_, t)| {
        (t.key == key || t.key.is_empty())
            && t.effect.as_ref().is_none_or(|effect| *effect == Effect::NoExecute)
    });
    let delays =
        fitting.map(|(n, t)| (n, t.toleration_seconds.map_or(Delay::Ever, |s| Delay::For(s.max(0)))));
    delays.min_by_key(|(_, delay)| match delay {
        Delay::For(seconds) => *seconds,
        Delay::Ever => i64::MAX,
    })
}

//! When the node lifecycle controller stops evicting: disruption modes and eviction rates.
//!
//! Source: `pkg/controller/nodelifecycle/node_lifecycle_controller.go` (`handleDisruption`,
//! `ComputeZoneState`), the same code since 2016. A zone is the pair of region and zone labels; nodes
//! without either form one zone. Nodes labelled `node.kubernetes.io/exclude-disruption` do not count.
//!
//! | ready | not ready | state |
//! |---|---|---|
//! | 0 | at least 1 | full disruption |
//! | any | more than 2, and at least 55 % | partial disruption |
//! | else | | normal |
//!
//! All zones in full disruption is *master disruption*: the controller believes that it is the one
//! that is cut off, takes the NoExecute taints away and adds none.

use std::collections::BTreeMap;

use super::clocks::Clocks;
use super::window::Millis;

/// What the controller knows of one Node object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Region and zone labels, joined; empty without labels.
    pub zone: String,
    /// Whether the Ready condition is True.
    pub ready: bool,
    /// Labelled `node.kubernetes.io/exclude-disruption`.
    pub excluded: bool,
}

/// The state of a zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ZoneState {
    /// Evictions run at the normal rate.
    Normal,
    /// More than two nodes and at least the threshold's share are not ready.
    Partial,
    /// No node is ready.
    Full,
}

/// How fast nodes of a zone receive NoExecute taints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rate {
    /// One node, then one more after each interval.
    Every(Millis),
    /// No further node.
    Never,
}

/// One zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone {
    /// Its state.
    pub state: ZoneState,
    /// Counted nodes.
    pub size: u32,
    /// Counted nodes that are not ready.
    pub not_ready: u32,
    /// The rate of NoExecute taints.
    pub rate: Rate,
}

/// All zones, and whether the controller takes itself for the isolated one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disruption {
    /// By zone key.
    pub zones: BTreeMap<String, Zone>,
    /// Every zone is in full disruption: NoExecute taints are removed and none is added.
    pub master: bool,
}

/// `ComputeZoneState` of the controller.
#[must_use]
pub fn zone_state(ready: u32, not_ready: u32, unhealthy_permille: u32) -> ZoneState {
    let size = u64::from(ready) + u64::from(not_ready);
    if ready == 0 && not_ready > 0 {
        ZoneState::Full
    } else if not_ready > 2 && u64::from(not_ready) * 1000 >= u64::from(unhealthy_permille) * size {
        ZoneState::Partial
    } else {
        ZoneState::Normal
    }
}

impl Disruption {
    /// The modes that the controller computes from the nodes at one pass.
    #[must_use]
    pub fn of(members: &[Member], clocks: &Clocks) -> Self {
        let mut counts: BTreeMap<String, (u32, u32)> = BTreeMap::new();
        for member in members.iter().filter(|m| !m.excluded) {
            let count = counts.entry(member.zone.clone()).or_default();
            if member.ready { count.0 += 1 } else { count.1 += 1 }
        }
        let states: Vec<_> = counts
            .into_iter()
            .map(|(key, (ready, not_ready))| {
                (key, ready, not_ready, zone_state(ready, not_ready, clocks.unhealthy_permille))
            })
            .collect();
        let master = !states.is_empty() && states.iter().all(|s| s.3 == ZoneState::Full);
        let zones = states
            .into_iter()
            .map(|(key, ready, not_ready, state)| {
                let size = ready + not_ready;
                let rate = match state {
                    _ if master => Rate::Never,
                    ZoneState::Partial if size > clocks.large_zone => Rate::Every(clocks.secondary_interval),
                    ZoneState::Partial => Rate::Never,
                    ZoneState::Normal | ZoneState::Full => Rate::Every(clocks.eviction_interval),
                };
                (key, Zone { state, size, not_ready, rate })
            })
            .collect();
        Self { zones, master }
    }

    /// The rate of a zone. Excluded nodes are tainted at their zone's rate too; a zone of excluded
    /// nodes alone is never computed and keeps the normal rate.
    #[must_use]
    pub fn rate(&self, zone: &str, clocks: &Clocks) -> Rate {
        if self.master {
            return Rate::Never;
        }
        self.zones.get(zone).map_or(Rate::Every(clocks.eviction_interval), |z| z.rate)
    }
}

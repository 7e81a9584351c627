//! The clocks of a node failure, by Kubernetes version.
//!
//! Defaults come from `pkg/controller/nodelifecycle/config/v1alpha1/defaults.go`,
//! `pkg/kubelet/apis/config/v1beta1/defaults.go`, `plugin/pkg/admission/defaulttolerationseconds`,
//! `pkg/controller/podgc/gc_controller.go` and `pkg/controller/tainteviction`. The grace period grew
//! from 40 s to 50 s in Kubernetes 1.32 (pull request 126287). K3s passes none of these flags, so the
//! defaults hold unless the policy sets `kube-controller-manager-arg`.

use super::window::{Millis, Window};

/// Every clock that decides how long a failure lasts. Milliseconds unless said otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clocks {
    /// How often a kubelet renews its Lease: a quarter of `nodeLeaseDurationSeconds`.
    pub lease_renew: Millis,
    /// `--node-monitor-period`.
    pub monitor_period: Millis,
    /// `--node-monitor-grace-period`.
    pub monitor_grace: Millis,
    /// `--default-unreachable-toleration-seconds`: what admission writes into a pod without a
    /// toleration of its own.
    pub unreachable_toleration: Millis,
    /// `--default-not-ready-toleration-seconds`.
    pub not_ready_toleration: Millis,
    /// Time between two nodes of one zone in the normal mode: 1 / `--node-eviction-rate`.
    pub eviction_interval: Millis,
    /// The same for a large zone in partial disruption: 1 / `--secondary-node-eviction-rate`.
    pub secondary_interval: Millis,
    /// `--unhealthy-zone-threshold` in thousandths.
    pub unhealthy_permille: u32,
    /// `--large-cluster-size-threshold`, compared with the size of the *zone* (issue 102908).
    pub large_zone: u32,
    /// Period of the pod garbage collector.
    pub gc_period: Millis,
    /// How long a pod garbage collector waits after a Node object has gone.
    pub gc_quarantine: Millis,
    /// Period of the loop that hands out NoExecute taints.
    pub tainter_period: Millis,
    /// `leaderElection.leaseDuration` of controller manager and scheduler.
    pub leader_lease: Millis,
    /// `leaderElection.retryPeriod`.
    pub leader_retry: Millis,
    /// What the API, watches and work queues add to each reaction of a controller.
    pub reaction: Millis,
    /// From binding to ready on a live node: images, init containers, probes. A guess unless the
    /// policy states it.
    pub start: Window,
    /// From a claim whose class does not wait for a pod to its volume: the provisioner's affair, a guess.
    pub provision: Window,
    /// The longest that a live pod takes to end where that is known to be less than its grace period, as of
    /// recorded kubelets. Else nothing but the grace period bounds it.
    pub shutdown: Option<Millis>,
}

impl Clocks {
    /// The defaults of Kubernetes 1.`minor`.
    #[must_use]
    pub fn of_minor(minor: u32) -> Self {
        Self {
            lease_renew: 10_000,
            monitor_period: 5_000,
            monitor_grace: if minor >= 32 { 50_000 } else { 40_000 },
            unreachable_toleration: 300_000,
            not_ready_toleration: 300_000,
            eviction_interval: 10_000,
            secondary_interval: 100_000,
            unhealthy_permille: 550,
            large_zone: 50,
            gc_period: 20_000,
            gc_quarantine: 40_000,
            tainter_period: 100,
            leader_lease: 15_000,
            leader_retry: 2_000,
            reaction: 2_000,
            start: Window::between(1_000, 60_000),
            provision: Window::between(0, 30_000),
            shutdown: None,
        }
    }

    /// From the death of a node to `Ready=Unknown`.
    ///
    /// The last renewal is between nothing and one interval old (kubelets add up to 4 % of jitter), the
    /// controller sees it up to one pass later and compares with the grace period once a pass.
    #[must_use]
    pub fn detection(&self) -> Window {
        let age = self.lease_renew.saturating_add(self.lease_renew / 25);
        Window::between(
            self.monitor_grace.saturating_sub(age),
            self.monitor_grace.saturating_add(self.monitor_period.saturating_mul(2)),
        )
    }

    /// From the death of the leading controller manager to the first act of the next one, at the longest.
    ///
    /// A candidate looks once a retry period, up to 1.2 times longer by jitter. It may have seen the last renewal that
    /// late, waits for the lease from then on, and tries again that late. Source: `tools/leaderelection` of client-go,
    /// defaults in `component-base/config/v1alpha1/defaults.go`, v1.34.
    #[must_use]
    pub fn takeover(&self) -> Millis {
        let look = self.leader_retry.saturating_mul(22) / 10;
        self.leader_lease.saturating_add(look.saturating_mul(2)).saturating_add(self.reaction)
    }

    /// From the return of a kubelet to `Ready=True`: it retries within one lease interval.
    #[must_use]
    pub fn recovery(&self) -> Window {
        Window::between(0, self.lease_renew.saturating_add(self.reaction))
    }

    /// From `Ready=True` to the removal of the unreachable NoExecute taint: the next monitor pass.
    #[must_use]
    pub fn cleared(&self) -> Window {
        Window::between(0, self.monitor_period.saturating_add(self.reaction))
    }

    /// From a pod's becoming collectable to its end: the garbage collector runs once a period.
    #[must_use]
    pub fn collection(&self) -> Window {
        Window::between(0, self.gc_period.saturating_add(self.reaction))
    }

    /// From the end of a Node object to the collection of its pods.
    #[must_use]
    pub fn orphan_collection(&self) -> Window {
        // One pass sees the orphan and starts the quarantine, a later one ends it.
        Window::between(
            self.gc_quarantine,
            self.gc_quarantine.saturating_add(2 * self.gc_period).saturating_add(self.reaction),
        )
    }
}

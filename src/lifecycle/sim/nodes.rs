//! The node lifecycle controller: detection, taints, disruption modes, returns, and what a restart of
//! the controllers forgets. Source: `pkg/controller/nodelifecycle`.

use super::{Happening, Part, Sim};
use crate::lifecycle::disruption::{Disruption, Member, Rate};
use crate::lifecycle::facts::{NodeId, Patience};
use crate::lifecycle::placer::{Mark, News, Placer};
use crate::lifecycle::window::Window;

impl<P: Placer> Sim<P> {
    /// The disruption modes as the controller would compute them now.
    pub(super) fn modes(&self) -> Disruption {
        let members: Vec<Member> = self
            .facts
            .nodes
            .iter()
            .zip(&self.nodes)
            .filter(|(_, state)| state.exists)
            .map(|(f, state)| Member { zone: f.zone.clone(), ready: state.ready, excluded: f.excluded })
            .collect();
        Disruption::of(&members, &self.facts.clocks)
    }

    /// A machine dies. Nothing in the API changes before the grace period ends.
    pub(super) fn lose(&mut self, node: NodeId) {
        if !self.node(node).alive {
            return;
        }
        self.node_mut(node).alive = false;
        let on = self.on(node);
        self.cancel(|what| match what {
            Happening::Ready(n) | Happening::Cleared(n) => n == node,
            Happening::Gone(p) | Happening::Started(p) => on.contains(&p),
            _ => false,
        });
        if !self.api {
            return;
        }
        if !self.api_available() {
            self.api = false;
            self.agenda.clear();
            return;
        }
        if self.node(node).exists {
            if self.node(node).ready {
                self.after(self.facts.clocks.detection(), Part::Detection, Happening::Unknown(node));
            } else {
                // It was coming back and is gone again: its taints are still there, or come again.
                self.queue_for_taint(node, Window::ZERO);
            }
        }
        if self.facts.nodes[usize::from(node.0)].server {
            self.headless = Some(self.now);
            self.postpone();
        }
        self.count_anew();
    }

    /// The server that was lost may have led the controllers: what they were about to do waits for the next leader,
    /// which starts every toleration anew. Which server led is not known, so that everything may still come as early.
    fn postpone(&mut self) {
        let clocks = &self.facts.clocks;
        let takeover = clocks.takeover();
        let pass = clocks.monitor_period.saturating_add(clocks.reaction);
        let now = self.clock;
        let mut agenda = std::mem::take(&mut self.agenda);
        for entry in &mut agenda {
            let wait = match entry.what {
                // Kubelets and people do these.
                Happening::Started(_) | Happening::Gone(_) | Happening::Ready(_) | Happening::Drained(_) => {
                    continue;
                }
                Happening::Unknown(_) => continue,
                Happening::Evict(pod) => match self.facts_of(pod).unreachable {
                    Patience::For(length) => pass.saturating_add(length),
                    Patience::None | Patience::Forever => pass,
                },
                Happening::NoExecute(_) => pass,
                _ => 0,
            };
            let anew = now.latest.map(|l| l.saturating_add(takeover).saturating_add(wait));
            entry.when = entry.when.late(takeover).until(anew);
            entry.seen = entry.seen.late(takeover).until(anew);
        }
        self.agenda = agenda;
    }

    /// The next leader of the controllers gives every dead node that is still marked Ready a full grace period.
    fn count_anew(&mut self) {
        let Some(lost) = self.headless.and_then(|at| self.log.get(at)) else { return };
        let clocks = &self.facts.clocks;
        let detection = clocks.detection().latest.unwrap_or(0).saturating_add(clocks.takeover());
        let (when, seen) = (lost.when.late(detection).latest, lost.seen.late(detection).latest);
        for entry in self.agenda.iter_mut().filter(|e| matches!(e.what, Happening::Unknown(_))) {
            entry.when = entry.when.until(when);
            entry.seen = entry.seen.until(seen);
        }
    }

    /// Ready=Unknown: NoSchedule at once and always; NoExecute through the zone's queue.
    pub(super) fn node_unknown(&mut self, node: NodeId) {
        let now = self.now;
        let state = self.node_mut(node);
        state.ready = false;
        state.since = now;
        self.placer.mark(node, Mark::UnreachableNoSchedule, true);
        for pod in self.on(node) {
            self.pod_mut(pod).ready = false;
        }
        self.wake(News::Tainted(node));
        self.queue_for_taint(node, Window::ZERO);
        self.reconsider();
        self.collectable(node);
    }

    /// The modes are computed at the end of each monitor pass; a taint may still slip in before.
    fn reconsider(&mut self) {
        if self.modes() != self.disruption && !self.agenda.iter().any(|e| e.what == Happening::Pass) {
            let delay = Window::between(0, self.facts.clocks.monitor_period.min(self.facts.clocks.reaction));
            self.after(delay, Part::Same, Happening::Pass);
        }
    }

    /// Puts a node into its zone's queue for the NoExecute taint: one node per interval of the rate, and
    /// which of the waiting ones is open. `drained` is added to the wait: a limiter that replaces one
    /// without tokens starts empty.
    fn queue_for_taint(&mut self, node: NodeId, drained: Window) {
        self.node_mut(node).queued = true;
        self.cancel(|what| what == Happening::NoExecute(node));
        let zone = self.facts.nodes[usize::from(node.0)].zone.clone();
        let Rate::Every(interval) = self.disruption.rate(&zone, &self.facts.clocks) else { return };
        // Another writer of the Node object at the same time costs one token: the try is repeated.
        let conflict = if self.node(node).out_of_service { interval } else { 0 };
        self.after(drained + self.reaction().late(conflict), Part::Taint, Happening::NoExecute(node));
        let token = self.tokens.iter().find(|(z, _)| *z == zone).and_then(|&(_, at)| self.log.get(at));
        let token = token.map(|e| (e.when, e.seen));
        let slack = self.reaction().late(conflict);
        if let (Some((when, seen)), Some(entry)) = (token, self.agenda.last_mut()) {
            entry.when = entry.when.and(when + Window::at(interval) + slack);
            entry.seen = entry.seen.and(seen + Window::at(interval.saturating_sub(500)) + slack);
        }
    }

    /// The controller's pass over the zones: new rates, and the way into and out of master disruption.
    pub(super) fn pass(&mut self) {
        let after = self.modes();
        let before = std::mem::replace(&mut self.disruption, after.clone());
        if after.master && !before.master {
            for node in self.node_ids() {
                if self.node(node).no_execute {
                    self.placer.mark(node, Mark::UnreachableNoExecute, false);
                    self.node_mut(node).no_execute = false;
                    self.node_mut(node).queued = true;
                    self.forgive(node);
                }
            }
        }
        for node in self.node_ids() {
            let zone = self.facts.nodes[usize::from(node.0)].zone.clone();
            let (old, new) = (before.rate(&zone, &self.facts.clocks), after.rate(&zone, &self.facts.clocks));
            if !self.node(node).queued || old == new {
                continue;
            }
            match new {
                Rate::Never => self.cancel(|what| what == Happening::NoExecute(node)),
                Rate::Every(interval) => {
                    let drained =
                        if old == Rate::Never { Window::between(0, interval) } else { Window::ZERO };
                    self.queue_for_taint(node, drained);
                }
            }
        }
    }

    /// The NoExecute taint: from now on the pods' tolerations run, in the memory of the controller.
    pub(super) fn no_execute(&mut self, node: NodeId) {
        let now = self.now;
        let state = self.node_mut(node);
        state.queued = false;
        state.no_execute = true;
        self.placer.mark(node, Mark::UnreachableNoExecute, true);
        let zone = self.facts.nodes[usize::from(node.0)].zone.clone();
        self.tokens.retain(|(z, _)| *z != zone);
        self.tokens.push((zone.clone(), now));
        let waiting: Vec<NodeId> = self
            .node_ids()
            .filter(|&n| self.node(n).queued && self.facts.nodes[usize::from(n.0)].zone == zone)
            .collect();
        for other in waiting {
            self.queue_for_taint(other, Window::ZERO);
        }
        self.wake(News::Tainted(node));
        self.impatient(node);
    }

    /// A machine comes back: its kubelet reports within one lease interval.
    pub(super) fn back(&mut self, node: NodeId) {
        if self.node(node).alive {
            return;
        }
        self.node_mut(node).alive = true;
        if !self.api {
            if self.api_available() {
                self.api = true;
                self.rebuild(true);
            }
            return;
        }
        self.cancel(|what| what == Happening::Unknown(node));
        if !self.node(node).exists {
            self.node_mut(node).exists = true;
            self.node_mut(node).ready = false;
            self.placer.register(node, true);
            self.placer.mark(node, Mark::UnreachableNoSchedule, true);
            self.wake(News::Registered(node));
        }
        // The kubelet acts on what it finds before the node is reported Ready: Terminating pods end, the
        // others start again.
        self.restart_containers(node);
        let on = self.on(node);
        self.cancel(|what| matches!(what, Happening::Collect(p) if on.contains(&p)));
        self.collectable(node);
        if !self.node(node).ready {
            self.after(self.facts.clocks.recovery(), Part::Recovery, Happening::Ready(node));
        }
    }

    /// Ready=True: NoSchedule goes at once.
    pub(super) fn node_ready(&mut self, node: NodeId) {
        let now = self.now;
        let state = self.node_mut(node);
        state.ready = true;
        state.since = now;
        self.placer.mark(node, Mark::UnreachableNoSchedule, false);
        self.node_mut(node).queued = false;
        if self.node(node).no_execute {
            self.after(self.facts.clocks.cleared(), Part::Recovery, Happening::Cleared(node));
        }
        self.cancel(|what| what == Happening::NoExecute(node));
        let on = self.on(node);
        self.cancel(|what| matches!(what, Happening::Collect(p) if on.contains(&p)));
        self.reconsider();
        self.wake(News::Untainted(node));
        self.reconcile_all();
    }

    fn restart_containers(&mut self, node: NodeId) {
        let late = self.facts.clocks.recovery().latest.unwrap_or(0);
        for pod in self.on(node) {
            let before = self.agenda.len();
            if self.pod(pod).terminating {
                self.end_of(pod);
            } else {
                self.pod_mut(pod).ready = false;
                self.after(self.facts.clocks.start + self.reaction(), Part::Start, Happening::Started(pod));
            }
            for entry in self.agenda.iter_mut().skip(before) {
                entry.when = entry.when.late(late);
                entry.seen = entry.seen.late(late);
            }
        }
    }

    /// The NoExecute taint goes; timers of pods that were not yet evicted are forgotten.
    pub(super) fn node_cleared(&mut self, node: NodeId) {
        let state = self.node_mut(node);
        state.no_execute = false;
        state.queued = false;
        self.placer.mark(node, Mark::UnreachableNoExecute, false);
        self.forgive(node);
        self.wake(News::Untainted(node));
        self.reconcile_all();
    }

    /// Cancels the evictions from a node, unless the out-of-service taint still demands them.
    fn forgive(&mut self, node: NodeId) {
        let on = self.on(node);
        self.cancel(|what| matches!(what, Happening::Evict(p) if on.contains(&p)));
        if self.node(node).out_of_service {
            self.impatient(node);
        }
    }

    /// Cordons or uncordons.
    pub(super) fn cordon(&mut self, node: NodeId, on: bool) {
        self.node_mut(node).cordoned = on;
        self.placer.mark(node, Mark::Cordoned, on);
        if on {
            self.wake(News::Tainted(node));
        } else {
            self.wake(News::Untainted(node));
            self.reconcile_all();
        }
    }

    /// The controller manager starts with an empty memory. A node that is still marked Ready gets a full
    /// grace period, one that is Unknown has its NoExecute taint removed and added again, and every
    /// toleration runs from the start.
    pub(super) fn restart_controllers(&mut self) {
        if self.api {
            self.rebuild(false);
        }
    }

    /// Works the agenda out anew from the state. `servers` tells that the API itself was away.
    fn rebuild(&mut self, servers: bool) {
        self.agenda.clear();
        self.tokens.clear();
        self.headless = None;
        self.disruption = self.modes();
        for node in self.node_ids() {
            let state = self.node(node).clone();
            if !state.exists {
                continue;
            }
            match (state.alive, state.ready) {
                (false, true) => {
                    let detection = self.facts.clocks.detection();
                    let grace = Window { earliest: self.facts.clocks.monitor_grace, ..detection };
                    self.after(grace, Part::Detection, Happening::Unknown(node));
                }
                (false, false) => {
                    if state.no_execute {
                        self.placer.mark(node, Mark::UnreachableNoExecute, false);
                        self.node_mut(node).no_execute = false;
                    }
                    self.queue_for_taint(node, Window::ZERO);
                }
                (true, false) => {
                    self.after(self.facts.clocks.recovery(), Part::Recovery, Happening::Ready(node));
                }
                (true, true) => {}
            }
        }
        let pods: Vec<_> = self.live().map(|(id, p)| (id, p.clone())).collect();
        for (id, pod) in pods {
            match pod.node {
                None => self.activate(id, Window::ZERO),
                Some(node) if !self.node(node).alive || !self.node(node).ready => {}
                Some(_) if pod.terminating => self.end_of(id),
                Some(node) if !pod.ready || servers && self.facts.nodes[usize::from(node.0)].server => {
                    // Containers of a server that went away start again; those of other nodes ran on.
                    self.after(
                        self.facts.clocks.start + self.reaction(),
                        Part::Start,
                        Happening::Started(id),
                    );
                }
                Some(_) => {}
            }
        }
        for node in self.node_ids() {
            self.collectable(node);
        }
        self.reconcile_all();
    }
}

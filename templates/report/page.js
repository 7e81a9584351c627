"use strict";
// Looks scenes up and shows them. What becomes of the pods was played by the prover; nothing is scheduled here.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const $ = (id) => document.getElementById(id);
  const PHASES = { e: "eviction", f: "fencing", r: "return" };
  const UP = 0, PENDING = 2, ENDING = 3, STUCK = 4, LOST = 5, FENCED = 2;
  let order = []; // of sets of node numbers
  let phase = "e";

  const make = (tag, className, text) => {
    const e = document.createElement(tag);
    if (className) e.className = className;
    if (text !== undefined) e.textContent = text;
    return e;
  };
  const keyOf = (order, phase) => order.map((s) => s.join("+")).join(">") + "/" + (order.length ? phase : "e");
  // Scenes share their parts by number; a place is who waits (-1) or a node.
  const sceneOf = (order, phase) => {
    const found = data.scenes[keyOf(order, phase)];
    if (!found) return null;
    const [api, places, story, told] = found;
    const pods = places.flatMap((p, i) => data.places[p].map(([who, status, count]) => [who, status, i - 1, count]));
    return { api, pods, story: story.map((l) => data.lines[l]), rows: data.told[told] };
  };
  const played = (order, phase) => keyOf(order, phase) in data.scenes;
  const name = (n) => data.nodes[n].name;
  // Where nobody fences there is no moment after it.
  const fenced = Object.keys(data.scenes).some((key) => key.endsWith("/f"));
  const LAST = fenced ? "f" : "e";
  const inWords = (order) => order.map((s) => s.map(name).join(" and ")).join(", then ");

  // The address names the scene, so that it can be shared and the browser's way back works.
  const address = () =>
    order.length ? "#lose=" + order.map((s) => s.map((n) => encodeURIComponent(name(n))).join("+")).join("~") + "&phase=" + PHASES[phase] : "#";
  const fromAddress = () => {
    const found = /^#lose=([^&]*)&phase=(\w+)$/.exec(location.hash);
    if (!found) return null;
    const number = (text) => data.nodes.findIndex((n) => n.name === decodeURIComponent(text));
    try {
      const sets = found[1].split("~").map((s) => s.split("+").map(number).sort((a, b) => a - b));
      const letter = Object.keys(PHASES).find((k) => PHASES[k] === found[2]);
      return letter && sets.flat().every((n) => n >= 0) ? [sets, letter] : null;
    } catch { return null; }
  };

  function go(next, letter, push = true) {
    if (!played(next, letter)) {
      const told = next.map((s) => s.map(name).join(",")).join(" then ");
      say("Not played for this page: lifeboat prove --lose '" + told + "' tells it.");
      return false;
    }
    order = next;
    phase = next.length ? letter : "e";
    if (push) history.pushState(null, "", address());
    draw();
    return true;
  }
  function say(text) { $("said").textContent = text; }

  // Where a click on a node leads.
  function next(n, together) {
    const lost = order.some((s) => s.includes(n));
    if (phase === "r") return [[[n]], "e"];
    if (lost) return [order, "r"];
    const last = order.length - 1;
    if (together && last >= 0) {
      const set = [...order[last], n].sort((a, b) => a - b);
      return [[...order.slice(0, last), set], phase];
    }
    return [[...order, [n]], phase];
  }
  const click = (n, together) => go(...next(n, together));
  function undo() {
    if (phase === "r") return go(order, LAST);
    if (order.length) go(order.slice(0, -1), phase);
  }

  // Pods by place: a Map of place (-1: none) to service to chips.
  function places(scene) {
    const found = new Map();
    for (const [who, status, node, count] of scene.pods) {
      const [service, , tier] = data.pods[who];
      const group = service || (tier < 0 ? "packaged" : "workloads");
      if (!found.has(node)) found.set(node, new Map());
      const groups = found.get(node);
      if (!groups.has(group)) groups.set(group, []);
      groups.get(group).push([who, status, count]);
    }
    return found;
  }
  const standing = (scene) => {
    const found = new Map();
    for (const [who, status, node, count] of scene.pods) found.set(who + "@" + node + "/" + status, count);
    return found;
  };

  // Pods that run, by workload.
  const running = (scene) => {
    const found = new Map();
    for (const [who, status, , count] of scene.pods) if (status === UP) found.set(who, (found.get(who) || 0) + count);
    return found;
  };
  const wanted = running(sceneOf([], "e"));

  function chips(box, groups, node, before, up) {
    for (const [label, pods] of groups || []) {
      const group = make("div", "grp");
      group.append(make("span", "", label));
      const list = make("div", "chips");
      for (const [who, status, count] of pods) {
        const [, short, tier, , full] = data.pods[who];
        const chip = make("span", "pod s" + status + " t" + (tier < 0 ? "n" : Math.min(tier, 3)), count > 1 ? short + " ×" + count : short);
        const was = before ? before.get(who + "@" + node + "/" + status) || 0 : count;
        if (count > was && status <= PENDING) chip.classList.add("new");
        if (status === STUCK) chip.append(make("i", "", (up.get(who) || 0) >= (wanted.get(who) || 1) ? "replaced" : "stuck"));
        if (status === LOST) chip.append(make("i", "", "lost"));
        chip.title = full + (tier >= 0 ? " (" + data.tiers[tier] + ")" : "");
        list.append(chip);
      }
      group.append(list);
      box.append(group);
    }
  }

  const isDead = (n) => phase !== "r" && order.some((s) => s.includes(n));

  function drawNodes(scene, before) {
    const by = places(scene);
    const up = running(scene);
    data.nodes.forEach((node, n) => {
      const box = $("nodes").children[n];
      const dead = isDead(n);
      box.className = dead ? "node lost" : "node";
      const button = box.firstChild;
      button.setAttribute("aria-pressed", String(dead));
      button.querySelector(".role").textContent = dead ? "lost · " + node.role : node.role;
      const can = played(...next(n, false));
      button.setAttribute("aria-disabled", String(!can));
      button.querySelector(".act").textContent =
        !can ? "not played here" : phase === "r" ? "lose it anew" : dead ? "bring back" : "take away";
      while (box.children.length > 1) box.lastChild.remove();
      chips(box, by.get(n), n, before, up);
    });
    const tray = $("waiting");
    tray.textContent = "";
    if (by.has(-1)) {
      tray.append(make("h3", "", "Waiting for a node"));
      chips(tray, by.get(-1), -1, before, up);
    }
  }

  // A line of the story in words: `@` is the node, `%` the pod for which others went.
  function line([from, to, verb, who, node, by]) {
    const item = make("li");
    item.append(make("time", "", to < 0 ? "from " + from + " s" : from === to ? from + " s" : from + "–" + to + " s"));
    let words = data.verbs[verb];
    if (node >= 0) words = words.replace("@", name(node));
    if (by >= 0) words = words.replace("%", data.pods[by][4]);
    const kind = verb < 5 ? "k" : verb === 5 || verb === 6 ? "evict" : verb === 9 ? "wait" : "";
    const text = make("span");
    text.append(make("span", kind, words + (who.length ? ": " : "")), listed(who));
    item.append(text);
    return item;
  }
  // Pods by service: `argocd (server, redis), app-shop ×2`.
  function listed(who) {
    const groups = new Map();
    for (const w of who) {
      const [service, short] = data.pods[w];
      const group = service || data.pods[w][4];
      if (!groups.has(group)) groups.set(group, new Map());
      const pods = groups.get(group);
      const label = service ? short : "";
      pods.set(label, (pods.get(label) || 0) + 1);
    }
    const count = (c) => (c > 1 ? " ×" + c : "");
    return [...groups].map(([group, pods]) =>
      pods.has("") ? group + count(pods.get("")) : group + " (" + [...pods].map(([p, c]) => p + count(c)).join(", ") + ")").join(", ");
  }
  function drawStory(scene) {
    const box = $("story");
    box.textContent = "";
    if (!order.length) {
      box.append(make("p", "", "Nothing is lost: everything runs."));
      return;
    }
    // The story of an order is the stories of its beginnings, one after the other.
    const phaseOf = phase === "e" ? "e" : LAST;
    for (let i = 1; i <= order.length; i++) {
      const part = sceneOf(order.slice(0, i), phaseOf);
      if (part) section(box, part, order[i - 1].map(name).join(" and "));
    }
    if (phase === "r") section(box, scene, "", "from the return");
    if (!scene.api) box.append(make("p", "bad", "The control plane does not answer: nothing is evicted, scheduled or replaced. What runs goes on running."));
  }
  // Each act sets the clock back; a heading says what it counts from.
  function section(box, part, lost, from = "from the loss of " + lost) {
    let list;
    const begin = (text) => {
      list = make("ol");
      box.append(make("h4", "", "Seconds " + text), list);
    };
    begin(from);
    let after = false;
    for (const l of part.story) {
      if (l[2] === FENCED && !after) { after = true; begin("from the fence of " + lost); }
      list.append(line(l));
    }
  }

  function drawState(scene) {
    const body = $("state").tBodies[0];
    body.textContent = "";
    data.rows.forEach((row, r) => {
      const text = data.texts[scene.rows[r]];
      const tr = make("tr");
      const head = make("th", "", row);
      head.scope = "row";
      const kind = /pending|lifeboat|rest|\d\/\d/.test(text) ? "st-wait" : /^up/.test(text) ? "st-up" : text === "–" ? "" : "st-down";
      tr.append(head, make("td", kind, text));
      body.append(tr);
    });
  }

  function draw() {
    const scene = sceneOf(order, phase);
    const parent = phase === "r" ? sceneOf(order, LAST) : order.length ? sceneOf(order.slice(0, -1), phase) : null;
    const before = parent ? standing(parent) : null;
    drawNodes(scene, before);
    drawStory(scene);
    drawState(scene);
    for (const b of document.querySelectorAll("[data-phase]")) {
      b.setAttribute("aria-pressed", String(order.length > 0 && b.dataset.phase === phase));
      b.disabled = !order.length || !sceneOf(order, b.dataset.phase);
    }
    $("undo").disabled = $("reset").disabled = !order.length;
    drawRest();
    const moment = { e: fenced ? "before fencing" : "after evictions", f: "after fencing", r: "back again" }[phase];
    say(order.length ? "Lost: " + inWords(order) + " – " + moment + (scene.api ? "" : " – frozen: no control plane") : "All nodes are up.");
    const at = data.columns.indexOf(order.flat().sort((a, b) => a - b).join("+"));
    document.querySelectorAll("#table tbody tr").forEach((tr, i) => tr.classList.toggle("on", i === at));
  }

  // What this page does not hold, and who tells it.
  function drawRest() {
    const left = data.nodes.filter((_, n) => !isDead(n) && !played(...next(n, false)));
    const then = order.map((s) => s.map(name).join(",")).join(" then ");
    $("rest").textContent = left.length
      ? "What follows if one more is lost now is not played in this page: lifeboat prove --lose '" + then + " then " + left[0].name + "' tells it."
      : "";
  }

  function open(column, row) {
    const details = $("why-" + column);
    details.open = true;
    document.querySelectorAll("dt.on").forEach((e) => e.classList.remove("on"));
    const at = $("why-" + column + "-" + row);
    if (at) { at.classList.add("on"); at.focus({ preventScroll: true }); at.scrollIntoView({ block: "center" }); }
  }
  function column(c) {
    const set = data.columns[c] ? data.columns[c].split("+").map(Number) : [];
    return go(set.length ? [set] : [], "f");
  }

  function start() {
    document.documentElement.classList.add("live");
    $("stage").hidden = false;
    data.nodes.forEach((node, n) => {
      const box = make("div", "node");
      const button = make("button");
      button.type = "button";
      button.dataset.node = node.name;
      if (n < 9) button.setAttribute("aria-keyshortcuts", String(n + 1));
      button.append(make("b", "", node.name), make("span", "role", node.role), make("span", "act", "take away"));
      button.addEventListener("click", (e) => click(n, e.shiftKey));
      box.append(button);
      $("nodes").append(box);
    });
    const legend = $("legend");
    legend.append("tiers:");
    data.tiers.forEach((tier, i) => legend.append(make("span", "pod t" + Math.min(i, 3), tier)));
    legend.append(make("span", "pod tn", "K3s’s own"));
    const sign = (status, mark, text) => {
      const chip = make("span", "pod tn s" + status, "pod");
      if (mark) chip.append(make("i", "", mark));
      const item = make("span", "sign");
      item.append(chip, text);
      legend.append(item);
    };
    const filled = make("span", "sign");
    filled.append(make("span", "pod tn new", "pod"), "moved or new");
    legend.append(filled);
    sign(PENDING, "", "waits for a node");
    sign(ENDING, "", "ends");
    sign(STUCK, "stuck", "hangs on a dead node until a fence");
    sign(STUCK, "replaced", "hangs there, and another runs elsewhere");
    sign(LOST, "lost", "bound to a dead node, and nobody evicts it");
    legend.append(make("span", "sign", "frozen: no control plane answers, so nothing moves"));
    if (!data.complete) {
      $("hold").textContent = "This page holds every order of up to " + data.deep + " nodes lost one after the other, and every loss of the table. ";
    }
    for (const b of document.querySelectorAll("[data-phase]")) b.addEventListener("click", () => go(order, b.dataset.phase));
    $("undo").addEventListener("click", undo);
    $("reset").addEventListener("click", () => go([], "e"));
    document.querySelectorAll("a.see").forEach((a) => a.addEventListener("click", (e) => {
      e.preventDefault();
      if (column(a.dataset.column)) $("stage").scrollIntoView();
    }));
    document.querySelectorAll("td a").forEach((a) => a.addEventListener("click", (e) => {
      e.preventDefault();
      column(a.dataset.column);
      open(a.dataset.column, a.dataset.row);
    }));
    addEventListener("popstate", () => {
      const at = fromAddress();
      if (at) go(...at, false); else if (!/^#why/.test(location.hash)) go([], "e", false);
    });
    addEventListener("keydown", (e) => {
      if (e.ctrlKey || e.metaKey || e.altKey) return;
      const k = e.key.toLowerCase();
      if (/^[1-9]$/.test(k) && data.nodes[k - 1]) click(k - 1, false);
      else if (k === "e" || k === "f") order.length && go(order, k);
      else if (k === "b") order.length && go(order, "r");
      else if (k === "u" || k === "backspace") undo();
      else if (k === "0") go([], "e");
      else return;
      e.preventDefault();
    });
    addEventListener("beforeprint", () => document.querySelectorAll("#why details").forEach((d) => { d.open = true; }));
    const at = fromAddress();
    if (!at || !go(...at, false)) draw();
  }
  start();
})();

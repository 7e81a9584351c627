//! Levers and traps that were tried on a real control plane, and what is said of them. Where a row was kept in every
//! run no verdict says that it always fails; where it failed once no verdict says that it is proved.

use super::verdicts;

/// Claims in the order of `with_rows`.
const GREEN_EMPTY: usize = 1;
const GREEN_APART: usize = 2;
const YELLOW_RUNS: usize = 3;
const YELLOW_EMPTY: usize = 4;
const RED_RUNS: usize = 5;
const RED_BOARDS: usize = 6;

/// Variant, claim, whether it was kept, and in how many runs of how many.
const RECORDED: &[(&str, usize, bool, &str)] = &[
    ("A", GREEN_EMPTY, false, "19 of 19"),
    ("B", GREEN_EMPTY, false, "4 of 32"),
    ("C", GREEN_EMPTY, true, "38 of 38"),
    ("D", GREEN_EMPTY, true, "50 of 50"),
    ("D", GREEN_APART, true, "50 of 50"),
    ("D", YELLOW_EMPTY, false, "Prometheus boards beside a full worker, 5 of 5"),
    ("E", YELLOW_EMPTY, false, "no lock: 1 of 1"),
    ("E-head", YELLOW_EMPTY, false, "applications evict the placeholders: 1 of 1"),
    ("E-quota", YELLOW_EMPTY, true, "1 of 1"),
    ("E-budget", YELLOW_EMPTY, true, "5 of 5"),
    ("E-budget", RED_RUNS, true, "5 of 5"),
    ("E-spread", YELLOW_RUNS, true, "4 of 4"),
    ("E-spread", RED_BOARDS, true, "4 of 4"),
    ("E-lockonly", RED_RUNS, false, "three pods are not woken: 1 of 1"),
    ("F", YELLOW_EMPTY, true, "13 of 13"),
    ("F", RED_RUNS, true, "16 of 16"),
    ("F-mutual", YELLOW_EMPTY, true, "6 of 6"),
    ("F-mutual", RED_BOARDS, true, "11 of 11"),
    ("F-grace0", RED_RUNS, false, "redis sleeps through fence and return: 1 of 7"),
    ("F-pdb-grace0", YELLOW_EMPTY, false, "fewest violated budgets come first: 1 of 1"),
    (
        "E-deploy",
        YELLOW_EMPTY,
        false,
        "the controller runs without a fence, and Prometheus still boards: 1 of 1",
    ),
    ("F-pdb-many", GREEN_EMPTY, true, "1 of 1"),
    ("F-pdb-many", YELLOW_RUNS, true, "Loki, Argo Events and Alertmanager come back: 1 of 1"),
    (
        "F-pdb-many",
        YELLOW_EMPTY,
        true,
        "eight locks with a budget are dearer than applications with one: 1 of 1",
    ),
    ("F-pdb-many", RED_RUNS, true, "1 of 1"),
    ("F-busy-grace0", GREEN_EMPTY, true, "twice the applications: 1 of 1"),
    ("F-busy-grace0", YELLOW_RUNS, true, "1 of 1"),
    ("F-busy-grace0", YELLOW_EMPTY, true, "1 of 1"),
    ("F-busy-grace0", RED_RUNS, true, "1 of 1"),
    ("B-roomy", YELLOW_EMPTY, false, "the anti-affinity outweighs the node affinity, 4 of 4"),
    ("D-roomy", YELLOW_EMPTY, true, "8 of 8"),
    ("D-pv", YELLOW_RUNS, false, "Loki waits for its volume, all runs"),
    ("D-pv", RED_RUNS, false, "Prometheus waits for its volume, all runs"),
    ("D-sepns", GREEN_APART, false, "terms do not reach into another namespace: 3 of 10"),
    ("A-noprio", YELLOW_RUNS, false, "nobody is evicted without classes, all runs"),
];

#[test]
fn what_happened_is_neither_proved_away_nor_refuted() {
    let mut wrong = Vec::new();
    let mut known: Vec<(&str, String)> = Vec::new();
    for (variant, claim, kept, runs) in RECORDED {
        if known.last().is_none_or(|(v, _)| v != variant) {
            known.push((variant, verdicts(variant)));
        }
        let (_, all) = known.last().unwrap();
        let said = all.chars().nth(*claim).unwrap();
        let bad = if *kept { said == 'R' } else { said == 'p' };
        if bad {
            wrong.push(format!("{variant}, claim {claim}: {said} in {all}, but kept is {kept} ({runs})"));
        }
    }
    println!("{known:#?}");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

//! `lifeboat build`: the whole process on the shipped policy, and compilation alone of policies that
//! grow, to see whether it grows with them. Compilation here is everything up to the overlays; the proof
//! has a benchmark of its own.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::process::{Command, ExitCode};
use std::time::Instant;

use lifeboat::catalogue::Catalogue;
use lifeboat::overlay;
use lifeboat::plan::{Inputs, make};
use lifeboat::source::SourceMap;

use super::{peak_mib, reset_peak};

/// Runs of the whole process; the median is printed.
const RUNS: usize = 21;

pub(super) fn run() -> ExitCode {
    match process() {
        Ok(milliseconds) => println!("build of the shipped policy, whole process, proof included: {milliseconds:.1} ms"),
        Err(error) => {
            eprintln!("xtask bench build: {error}; run `cargo build --release` in the root of the repository first");
            return ExitCode::from(2);
        }
    }
    println!("services  workloads       ms  ms per service  peak MiB");
    for services in [25, 50, 100, 200] {
        let workloads = services * 5 / 2;
        let files = BTreeMap::from([("policy.toml".to_owned(), policy(services, workloads))]);
        reset_peak();
        let start = Instant::now();
        let mut sources = SourceMap::default();
        let checked = match lifeboat::policy::load(&files, &mut sources, "policy.toml") {
            Ok(checked) => checked,
            Err(findings) => {
                eprintln!("xtask bench build: {:?}", findings.first().map(|f| &f.message));
                return ExitCode::from(2);
            }
        };
        let catalogue = Catalogue::builtin();
        let inputs = Inputs { sources: &mut sources, catalogue: &catalogue, team: Vec::new() };
        let outcome = make(checked.policy, inputs);
        let Some(plan) = outcome.plan else {
            eprintln!("xtask bench build: {:?}", outcome.diagnostics.first().map(|f| &f.message));
            return ExitCode::from(2);
        };
        let lowered = overlay::lower(&plan);
        let milliseconds = start.elapsed().as_secs_f64() * 1000.0;
        let each = milliseconds / f64::from(services);
        assert_eq!(lowered.overlays.len(), services as usize, "every service has an overlay");
        println!("{services:>8}  {workloads:>9}  {milliseconds:>7.1}  {each:>14.2}  {:>8}", peak_mib());
    }
    ExitCode::SUCCESS
}

/// Median milliseconds of the whole process.
fn process() -> Result<f64, String> {
    let folder = std::env::temp_dir().join("lifeboat-bench-build");
    let mut times = Vec::new();
    for _ in 0..RUNS {
        let start = Instant::now();
        let output = Command::new("target/release/lifeboat").arg("build").arg("--out").arg(&folder).output();
        let output = output.map_err(|error| error.to_string())?;
        times.push(start.elapsed().as_secs_f64() * 1000.0);
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned());
        }
    }
    let _ = std::fs::remove_dir_all(&folder);
    times.sort_by(f64::total_cmp);
    Ok(times[RUNS / 2])
}

/// A policy of many services, one in four of which is Argo CD, and many workloads.
fn policy(services: u32, workloads: u32) -> String {
    let mut text = String::from(
        "[cluster]\nname = \"big\"\nkubernetes = \"1.34\"\ndatastore = \"etcd\"\noutput = \"golden\"\n\
         [nodes.master]\nrole = \"server\"\ncapacity = { cpu = \"64\", memory = \"256Gi\" }\n\
         [nodes.worker-1]\nrole = \"agent\"\ncapacity = { cpu = \"512\", memory = \"2048Gi\" }\n\
         [nodes.worker-2]\nlike = \"worker-1\"\n[lifeboat]\nnodes = \"server\"\n\
         [tiers.critical]\npriority = 1000\nlifeboat = true\n[tiers.application]\npriority = 0\ndefault = true\n",
    );
    for n in 0..services {
        let (chart, version, more) = match n % 4 {
            0 => ("argo-cd", "10.1.1", "components.application-controller.storage = \"ephemeral\"\n"),
            _ => ("argo-events", "2.4.22", ""),
        };
        let _ = write!(
            text,
            "[services.s{n}]\nchart = \"{chart}\"\nversion = \"{version}\"\nnamespace = \"n{n}\"\ntier = \"critical\"\n{more}"
        );
    }
    text.push_str("[workloads]\n");
    for n in 0..workloads {
        let _ = writeln!(text, "w{n} = {{ namespace = \"apps\", requests = {{ cpu = \"100m\", memory = \"100Mi\" }} }}");
    }
    text
}

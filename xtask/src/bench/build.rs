//! `lifeboat build`: the shipped policy as a whole process, and generated policies of growing size.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use super::memory::peak_mib_of;

/// The binary that is measured; `cargo build --release` makes it.
const BINARY: &str = "target/release/lifeboat";
const REPEAT: usize = 15;

pub(super) fn run() -> ExitCode {
    if !Path::new(BINARY).exists() {
        eprintln!("xtask bench build: {BINARY} is missing: cargo build --release");
        return ExitCode::from(2);
    }
    let scratch = std::env::temp_dir().join(format!("lifeboat-bench-{}", std::process::id()));
    println!("policy                                             median ms  peak MiB");
    let outcome = figures(&scratch);
    let _ = fs::remove_dir_all(&scratch);
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask bench build: {error}");
            ExitCode::from(2)
        }
    }
}

fn figures(scratch: &Path) -> std::io::Result<()> {
    let out = scratch.join("out");
    measure("shipped policy, build", &["build", "policy.toml", "--out", &out.to_string_lossy()])?;
    measure("shipped policy, check", &["check"])?;
    for services in [25, 50, 100, 200] {
        let workloads = services * 5 / 2;
        let folder = scratch.join(services.to_string());
        fs::create_dir_all(&folder)?;
        let policy = folder.join("policy.toml");
        fs::write(&policy, generated(services, workloads))?;
        let out = folder.join("out");
        let name = format!("{services} services, {workloads} workloads, build");
        measure(&name, &["build", &policy.to_string_lossy(), "--out", &out.to_string_lossy()])?;
    }
    Ok(())
}

/// Runs the whole process some times: the median of the wall time, and of one more run the peak of
/// resident memory.
fn measure(name: &str, args: &[&str]) -> std::io::Result<()> {
    let mut millis = Vec::new();
    for _ in 0..REPEAT {
        let start = Instant::now();
        let output = Command::new(BINARY).args(args).stdin(Stdio::null()).output()?;
        millis.push(start.elapsed().as_secs_f64() * 1e3);
        if output.status.code().is_none_or(|code| code > 1) {
            return Err(std::io::Error::other(String::from_utf8_lossy(&output.stderr).into_owned()));
        }
    }
    millis.sort_by(f64::total_cmp);
    let mut child = Command::new(BINARY).args(args).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    let mut peak = 0;
    while child.try_wait()?.is_none() {
        peak = peak.max(peak_mib_of(&child.id().to_string()).unwrap_or(0));
        std::thread::sleep(Duration::from_micros(200));
    }
    println!("{name:50} {:>9.1}  {peak:>8}", millis[millis.len() / 2]);
    Ok(())
}

/// A policy with that many services (Argo Events, each under its own name) and workloads on nodes that
/// hold them all.
fn generated(services: usize, workloads: usize) -> String {
    let agents = (services + workloads) / 60 + 3;
    let mut text = String::from(
        "[cluster]\nname = \"bench\"\nkubernetes = \"1.34\"\ndatastore = \"sqlite\"\noutput = \"out\"\n\n\
         [nodes.server-1]\nrole = \"server\"\ncapacity = { cpu = \"16\", memory = \"64Gi\" }\n\n\
         [nodes.agent-1]\nrole = \"agent\"\ncapacity = { cpu = \"16\", memory = \"64Gi\" }\n",
    );
    for n in 2..=agents {
        let _ = write!(text, "[nodes.agent-{n}]\nlike = \"agent-1\"\n");
    }
    text.push_str(
        "\n[lifeboat]\nnodes = \"server\"\ntaint = \"CriticalAddonsOnly=true:NoSchedule\"\n\n\
         [tiers.critical]\npriority = 1_000_000\nlifeboat = true\n[tiers.important]\npriority = 500_000\n\
         [tiers.application]\npriority = 0\ndefault = true\n",
    );
    for n in 0..services {
        let tier = if n == 0 { "critical" } else { "important" };
        let _ = write!(
            text,
            "\n[services.events-{n}]\nchart = \"argo-events\"\nversion = \"2.4.22\"\nnamespace = \"events-{n}\"\n\
             tier = \"{tier}\"\ncomponents.controller = {{ requests = {{ cpu = \"{}m\", memory = \"128Mi\" }} }}\n",
            10 + n % 7
        );
    }
    text.push_str("\n[workloads]\n");
    for n in 0..workloads {
        let _ = writeln!(
            text,
            "app-{n} = {{ namespace = \"apps\", requests = {{ cpu = \"{}m\", memory = \"64Mi\" }} }}",
            10 + n % 11
        );
    }
    text.push_str("\n[scenarios.yellow]\nlose = \"each agent\"\nexpect = { running = [\"critical\"] }\n");
    text
}

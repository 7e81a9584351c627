//! `cargo xtask control-plane`: what a build writes, run against a real API server, scheduler and
//! controllers, with simulated kubelets and shortened clocks. It prints each comparison and fails on a
//! difference. Nothing leaves the loopback interface.

mod claims;
mod cluster;
mod fence;
mod manifests;
mod policy;
mod proof;
mod rendered;
mod story;
mod taints;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Output};
use std::time::Instant;

use lifeboat::emit;
use lifeboat::plan::Plan;

use cluster::{Cluster, Outcome};

const USAGE: &str =
    "usage: cargo xtask control-plane [--bin DIR] [--policy FILE] [--built DIR] [--proof FILE] [--charts DIR --helm FILE] [STEP…]
  --bin DIR       folder with etcd, kube-apiserver, kube-controller-manager, kube-scheduler, kubectl, kwok;
                  built and cached by xtask/control-plane/build.sh if not given
  --policy FILE   the policy (default policy.toml)
  --built DIR     what `lifeboat build` wrote for it (default: the policy's output folder)
  --charts DIR    packaged charts; with --helm the story runs on what Helm renders with the overlays
  --helm FILE     a Helm
  --proof FILE    what `lifeboat prove --format json` says of it; without one the policy's claims must hold
  STEP            taints, manifests, fence, story (default: all)";

const STEPS: [&str; 4] = ["taints", "manifests", "fence", "story"];

/// Counts comparisons and prints them.
#[derive(Default)]
struct Report {
    same: u32,
    different: u32,
}

impl Report {
    /// One comparison.
    fn holds(&mut self, claim: &str, holds: bool, found: &str) {
        if holds {
            self.same += 1;
            println!("  same       {claim}");
        } else {
            self.different += 1;
            println!("  DIFFERENT  {claim}: {found}");
        }
    }

    /// A script's exit code and a part of what it says.
    fn script(&mut self, claim: &str, output: &Output, code: i32, says: &str) {
        let text =
            format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        let holds = output.status.code() == Some(code) && text.contains(says);
        let found = format!("exit {:?}, expected {code} and {says:?}\n{text}", output.status.code());
        self.holds(claim, holds, &found);
    }
}

/// What the proof says of a scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    /// There is no proof at hand: the policy claims it.
    Claimed,
    /// It holds in every order.
    Proved,
    /// It fails in every run.
    RefutedAlways,
    /// It holds in some runs and fails in others, or nobody knows: nothing to compare.
    Open,
}

impl Word {
    fn text(self) -> &'static str {
        match self {
            Word::Claimed => "claimed",
            Word::Proved => "proved",
            Word::RefutedAlways => "refuted in every run",
            Word::Open => "not decided by the proof",
        }
    }
}

/// What every step works with.
struct Scene {
    bin: PathBuf,
    stages: PathBuf,
    scratch: PathBuf,
    built: PathBuf,
    plan: Plan,
    proof: proof::Proof,
    charts: Option<rendered::Charts>,
}

impl Scene {
    /// A fresh control plane.
    fn cluster(&self, name: &str) -> Outcome<Cluster> {
        Cluster::start(&self.bin, &self.stages, &self.scratch.join(name))
    }

    /// A script of the build, with lines of its head replaced: `NAME=` to the new value. The clocks
    /// of the tests are shorter than a policy's may be.
    fn script(&self, path: &str, replace: &[(&str, &str)]) -> Outcome<PathBuf> {
        let source = self.built.join("cluster").join(path);
        let text = fs::read_to_string(&source).map_err(|error| format!("{}: {error}", source.display()))?;
        let mut done = BTreeSet::new();
        let lines = text.lines().map(|line| {
            let head =
                replace.iter().find(|(name, _)| line.strip_prefix(name).is_some_and(|l| l.starts_with('=')));
            match head {
                Some((name, value)) if done.insert(*name) => format!("{name}={value}\n"),
                _ => format!("{line}\n"),
            }
        });
        let text: String = lines.collect();
        if done.len() != replace.len() {
            return Err(format!("{}: not all of {replace:?} were found", source.display()).into());
        }
        // Below the same folders: the scripts print commands by their own place.
        let target = self.scratch.join("cluster").join(path);
        if let Some(folder) = target.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(&target, text)?;
        Ok(target)
    }
}

pub(crate) fn run(args: impl Iterator<Item = String>) -> ExitCode {
    match all(args) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("xtask control-plane: {error}");
            ExitCode::from(2)
        }
    }
}

fn all(mut args: impl Iterator<Item = String>) -> Outcome<u32> {
    let (mut bin, mut policy_file, mut built, mut proof) = (None, PathBuf::from("policy.toml"), None, None);
    let (mut charts, mut helm) = (None, None);
    let mut steps = Vec::new();
    while let Some(arg) = args.next() {
        let mut value = || args.next().ok_or(USAGE);
        match arg.as_str() {
            "--bin" => bin = Some(PathBuf::from(value()?)),
            "--policy" => policy_file = value()?.into(),
            "--built" => built = Some(PathBuf::from(value()?)),
            "--charts" => charts = Some(PathBuf::from(value()?)),
            "--helm" => helm = Some(PathBuf::from(value()?)),
            "--proof" => proof = Some(PathBuf::from(value()?)),
            step if STEPS.contains(&step) => steps.push(step.to_owned()),
            _ => return Err(USAGE.into()),
        }
    }
    if steps.is_empty() {
        steps.extend(STEPS.map(str::to_owned));
    }
    let started = Instant::now();
    let bin = match bin {
        Some(bin) => fs::canonicalize(bin)?,
        None => build_binaries()?,
    };
    let plan = policy::plan(&policy_file)?;
    let scratch = std::env::temp_dir().join(format!("lifeboat-control-plane-{}", std::process::id()));
    fs::create_dir_all(&scratch)?;
    let built = built.unwrap_or_else(|| {
        policy_file.parent().unwrap_or(Path::new("")).join(&plan.policy.cluster.output.value)
    });
    let built = if built.join("cluster").is_dir() {
        built
    } else {
        println!("no build in {}: the scripts and manifests are rendered from the plan", built.display());
        let folder = scratch.join("built");
        write_scripts(&plan, &folder)?;
        folder
    };
    let stages = Path::new(env!("CARGO_MANIFEST_DIR")).join("control-plane/stages.yaml");
    let proof = proof::Proof::read(proof.as_deref())?;
    let charts = charts.zip(helm).map(|(folder, helm)| rendered::Charts { helm, folder });
    let scene = Scene { bin, stages, scratch, built, plan, proof, charts };
    let mut report = Report::default();
    for step in &steps {
        println!("{step}");
        match step.as_str() {
            "taints" => taints::run(&scene, &mut report)?,
            "manifests" => manifests::run(&scene, &mut report)?,
            "fence" => fence::run(&scene, &mut report)?,
            _ => story::run(&scene, &mut report)?,
        }
    }
    if report.different == 0 {
        fs::remove_dir_all(&scene.scratch)?;
    } else {
        println!("logs: {}", scene.scratch.display());
    }
    println!(
        "control plane: {} comparisons, {} different, {} s",
        report.same + report.different,
        report.different,
        started.elapsed().as_secs()
    );
    Ok(report.different)
}

/// Builds the control plane, or finds it in the cache; the build script prints the folder.
fn build_binaries() -> Outcome<PathBuf> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("control-plane/build.sh");
    let output = Command::new(script).stderr(std::process::Stdio::inherit()).output()?;
    if !output.status.success() {
        return Err("the control plane could not be built".into());
    }
    Ok(PathBuf::from(String::from_utf8(output.stdout)?.trim()))
}

/// Writes `cluster/` for a plan that no build has written.
fn write_scripts(plan: &Plan, folder: &Path) -> Outcome {
    for file in emit::cluster_folder(plan)? {
        let path = folder.join(&file.path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(path, file.text)?;
    }
    Ok(())
}

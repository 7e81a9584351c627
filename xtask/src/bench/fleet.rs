//! Fleets: many three-node sites of 60 pods on one base, each with its own names and sizes, through the release binary.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

/// Applications of a site, two pods each; with the platform, the packaged pods and the DaemonSets some 60 pods.
const APPLICATIONS: usize = 15;

/// Writes fleets of the given sizes (1,000 and 10,000 unless stated) and times `prove`, `build` and `check` on them.
pub(crate) fn run(args: impl Iterator<Item = String>) -> ExitCode {
    let sizes: Vec<usize> = args.filter_map(|arg| arg.parse().ok()).collect();
    let sizes = if sizes.is_empty() { vec![1_000, 10_000] } else { sizes };
    let Some(binary) = binary() else {
        eprintln!("xtask bench fleet: build the program first: cargo build --release");
        return ExitCode::from(2);
    };
    println!(
        "{:>7}  {:8}  {:>8}  {:>8}  {:>10}  {:>8}",
        "sites", "command", "wall s", "CPU s", "ms/site", "peak MiB"
    );
    for sites in sizes {
        if let Err(error) = measure(&binary, sites) {
            eprintln!("xtask bench fleet: {error}");
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}

/// The program beside this one.
fn binary() -> Option<PathBuf> {
    let path = std::env::current_exe().ok()?.parent()?.join("lifeboat");
    path.is_file().then_some(path)
}

fn measure(binary: &Path, sites: usize) -> io::Result<()> {
    let folder = std::env::temp_dir().join(format!("lifeboat-fleet-{}", std::process::id()));
    fs::create_dir_all(folder.join("sites"))?;
    fs::create_dir_all(folder.join("values"))?;
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    fs::copy(shipped.join("values/loki.yaml"), folder.join("values/loki.yaml"))?;
    fs::write(folder.join("base.toml"), base(&fs::read_to_string(shipped.join("policy.toml"))?))?;
    for index in 0..sites {
        fs::write(folder.join(format!("sites/plant-{index:05}.toml")), site(index))?;
    }
    let mut result = Ok(());
    for command in ["prove", "build", "check"] {
        if result.is_ok() {
            result = timed(binary, &folder, command, sites);
        }
    }
    fs::remove_dir_all(&folder)?;
    result
}

/// The shipped policy as a base: without its applications, which each site has of its own, and with six loss sets.
fn base(policy: &str) -> String {
    let mut text = String::new();
    let mut skipping = false;
    for line in policy.lines().filter(|line| !line.starts_with("#:schema")) {
        if line.starts_with('[') {
            skipping = line == "[workloads]";
        }
        if !skipping {
            let _ =
                writeln!(text, "{}", line.replace("output = \"golden\"", "output = \"../golden/{cluster}\""));
        }
    }
    // With green, yellow (two sets), red, black and blind: every set of one or two nodes.
    text + "[scenarios.dark]\nlose = [\"master, worker-1\", \"master, worker-2\"]\nafter = \"eviction\"\nexpect = { frozen = \"all\" }\n"
}

fn site(index: usize) -> String {
    let mut text = format!(
        "extends = \"../base.toml\"\ncluster.name = \"plant-{index:05}\"\nnodes.master.capacity.memory = \"{}Mi\"\n\
         nodes.worker-1.capacity.memory = \"{}Mi\"\n[workloads]\n",
        7_900 + index % 97,
        7_900 + index % 89
    );
    for application in 0..APPLICATIONS {
        let _ = writeln!(
            text,
            "line-{index:05}-{application:02} = {{ namespace = \"apps\", replicas = 2, requests = {{ cpu = \"{}m\", memory = \"{}Mi\" }} }}",
            20 + (index + application) % 20,
            60 + (index * 7 + application) % 20
        );
    }
    text
}

/// Runs a command and prints what it took.
fn timed(binary: &Path, folder: &Path, command: &str, sites: usize) -> io::Result<()> {
    let start = Instant::now();
    let mut child = Command::new(binary)
        .current_dir(folder)
        .args([command, "sites", "--format", "short"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let (mut cpu, mut peak) = (0.0, 0);
    let status = loop {
        (cpu, peak) = usage(child.id()).unwrap_or((cpu, peak));
        if let Some(status) = child.try_wait()? {
            break status;
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    let wall = start.elapsed().as_secs_f64();
    println!(
        "{sites:>7}  {command:8}  {wall:>8.2}  {cpu:>8.2}  {:>10.2}  {peak:>8}",
        wall * 1000.0 / sites as f64
    );
    match status.code() {
        Some(0 | 1) => Ok(()),
        other => Err(io::Error::other(format!("`lifeboat {command}` ended with {other:?}"))),
    }
}

/// Seconds of CPU and the peak of memory in MiB of a process that still runs (Linux).
fn usage(process: u32) -> Option<(f64, u64)> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let peak: u64 = peak.split_whitespace().next()?.parse().ok()?;
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    // utime and stime, in ticks of a hundredth of a second.
    let ticks: f64 =
        [fields.get(11)?, fields.get(12)?].iter().filter_map(|text| text.parse::<f64>().ok()).sum();
    Some((ticks / 100.0, peak >> 10))
}

//! The user's own Helm, run without a shell and without the network: only `helm version` and
//! `helm template` on local charts, each with a time limit.

use std::fs;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use lifeboat::probe::package::{Files, Package, unpack};
use semver::Version;
use wait_timeout::ChildExt;

/// Most bytes of output that are read of one render.
const MOST_OUTPUT: u64 = 512 << 20;
/// Most bytes of a chart package, and of one file of a chart's folder.
const MOST_PACKAGE: u64 = 64 << 20;
/// Deepest folder of a chart.
const MOST_DEPTH: usize = 24;

/// A Helm that answered.
#[derive(Clone, Debug)]
pub(crate) struct Helm {
    program: PathBuf,
    /// What it says it is.
    pub(crate) version: Version,
    timeout: Duration,
}

/// What to render.
#[derive(Clone, Debug)]
pub(crate) struct Release<'a> {
    pub(crate) name: &'a str,
    pub(crate) namespace: &'a str,
    pub(crate) chart: &'a Path,
    pub(crate) kube_version: &'a str,
    pub(crate) api_versions: &'a [String],
}

/// How Helm is found and limited.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct HelmArgs {
    /// The Helm to run.
    #[arg(long, value_name = "PATH", env = "LIFEBOAT_HELM", default_value = "helm")]
    helm: PathBuf,
    /// Seconds that one run of Helm may take.
    #[arg(long, value_name = "SECONDS", default_value_t = 120)]
    helm_timeout: u64,
    /// An API that charts may ask for, such as `monitoring.coreos.com/v1`; handed to Helm.
    #[arg(long = "api-version", value_name = "API")]
    pub(crate) api_versions: Vec<String>,
}

impl Helm {
    /// Runs `helm version`.
    pub(crate) fn start(args: &HelmArgs) -> Result<Self, String> {
        let mut helm = Self {
            program: args.helm.clone(),
            version: Version::new(0, 0, 0),
            timeout: Duration::from_secs(args.helm_timeout.max(1)),
        };
        let output = helm.run(&["version".into(), "--template".into(), "{{.Version}}".into()])?;
        let text = String::from_utf8_lossy(&output).trim().to_owned();
        helm.version = version(&text)
            .ok_or_else(|| format!("{} says that its version is `{text}`", helm.program.display()))?;
        if helm.version.major < 3 {
            return Err(format!("Helm {} is too old: 3 or newer is needed", helm.version));
        }
        Ok(helm)
    }

    /// Renders a release with values files in their order.
    pub(crate) fn template(&self, release: &Release<'_>, values: &[PathBuf]) -> Result<Vec<u8>, String> {
        let chart = fs::canonicalize(release.chart)
            .map_err(|error| format!("{}: {error}", release.chart.display()))?;
        let mut args: Vec<std::ffi::OsString> = vec![
            "template".into(),
            release.name.into(),
            chart.into(),
            "--namespace".into(),
            release.namespace.into(),
            "--kube-version".into(),
            release.kube_version.into(),
        ];
        for api in release.api_versions {
            args.extend(["--api-versions".into(), api.into()]);
        }
        for file in values {
            args.extend(["--values".into(), file.into()]);
        }
        self.run(&args)
    }

    /// Standard output, or what Helm wrote on standard error.
    fn run(&self, args: &[std::ffi::OsString]) -> Result<Vec<u8>, String> {
        let io = |error: std::io::Error| format!("{}: {error}", self.program.display());
        // Files instead of pipes: nothing blocks, whatever Helm writes and however much.
        let mut out = tempfile::tempfile().map_err(io)?;
        let mut err = tempfile::tempfile().map_err(io)?;
        let mut child = Command::new(&self.program)
            .args(args)
            .stdin(Stdio::null())
            .stdout(out.try_clone().map_err(io)?)
            .stderr(err.try_clone().map_err(io)?)
            .spawn()
            .map_err(|error| match error.kind() {
                std::io::ErrorKind::NotFound => {
                    format!("there is no Helm `{}`; name yours with --helm", self.program.display())
                }
                _ if self.program.is_dir() => {
                    format!(
                        "{0} is a folder; --helm takes the program itself, such as {0}/helm",
                        self.program.display()
                    )
                }
                _ => io(error),
            })?;
        let Some(status) = child.wait_timeout(self.timeout).map_err(io)? else {
            let _ = child.kill();
            let _ = child.wait();
            return Err(format!("Helm did not finish within {} s", self.timeout.as_secs()));
        };
        let read = |file: &mut fs::File| {
            let mut bytes = Vec::new();
            file.seek(SeekFrom::Start(0)).map_err(io)?;
            file.take(MOST_OUTPUT).read_to_end(&mut bytes).map_err(io)?;
            Ok::<_, String>(bytes)
        };
        if !status.success() {
            let text = String::from_utf8_lossy(&read(&mut err)?).trim().to_owned();
            let text = if text.is_empty() { format!("Helm ended with {status}") } else { text };
            return Err(text);
        }
        read(&mut out)
    }

    /// What a null in values does in this version, in a line.
    pub(crate) fn null_rules(&self) -> &'static str {
        if self.version >= Version::new(4, 3, 0) {
            "a null in a file passed with -f deletes a default; in an umbrella chart's own values.yaml it deletes a \
             sub-chart's default only if some -f file mentions that sub-chart; where there is no default, the null is rendered"
        } else {
            "a null in a file passed with -f, or in an umbrella chart's own values.yaml, deletes a default; where there is no \
             default, the null is rendered"
        }
    }
}

/// `v3.22.0`, or `v3.22` as distributions' own builds say.
fn version(text: &str) -> Option<Version> {
    let text = text.trim_start_matches('v');
    let full = |text: &str| text.parse::<Version>().ok();
    full(text).or_else(|| full(&format!("{text}.0")))
}

/// Reads a chart from a package or a folder.
pub(crate) fn package(path: &Path) -> Result<Package, String> {
    let wrong = |error: String| format!("{}: {error}", path.display());
    Package::of_files(&files(path).map_err(wrong)?).map_err(wrong)
}

fn files(path: &Path) -> Result<Files, String> {
    if !path.is_dir() {
        return unpack(&read(path)?);
    }
    let mut out = Files::new();
    walk(path, "", 0, &mut out)?;
    Ok(out)
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    let metadata = fs::metadata(path).map_err(|error| error.to_string())?;
    if metadata.len() > MOST_PACKAGE {
        return Err(format!("more than {MOST_PACKAGE} bytes"));
    }
    fs::read(path).map_err(|error| error.to_string())
}

fn walk(folder: &Path, prefix: &str, depth: usize, out: &mut Files) -> Result<(), String> {
    if depth > MOST_DEPTH || out.len() > 20_000 {
        return Err("too many files, or nested too deep".to_owned());
    }
    for entry in fs::read_dir(folder).map_err(|error| error.to_string())? {
        let entry = entry.map_err(|error| error.to_string())?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        let kind = entry.file_type().map_err(|error| error.to_string())?;
        if kind.is_dir() {
            walk(&entry.path(), &format!("{name}/"), depth + 1, out)?;
        } else if kind.is_file() {
            out.insert(name, read(&entry.path())?);
        }
    }
    Ok(())
}

/// The user's cache folder of lifeboat.
pub(crate) fn cache() -> Option<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let base = set("XDG_CACHE_HOME").or_else(|| Some(set("HOME")?.join(".cache")))?;
    Some(base.join("lifeboat"))
}

/// How many of a growing number of renders are done, on a terminal.
pub(crate) fn progress(title: String) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
    let style = ProgressStyle::with_template("{prefix} {wide_bar} {pos}/{len} renders, {elapsed}");
    if let Ok(style) = style {
        bar.set_style(style);
    }
    bar.set_prefix(title);
    bar
}

/// Maps items on all cores; results in the order of the items. `tick` is called after each.
pub(crate) fn parallel<T: Sync, U: Send>(
    items: &[T],
    work: impl Fn(&T) -> U + Sync,
    tick: impl Fn() + Sync,
) -> Vec<U> {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Mutex, PoisonError};
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(items.len());
    let done: Vec<Mutex<Option<U>>> = items.iter().map(|_| Mutex::new(None)).collect();
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let i = next.fetch_add(1, Ordering::Relaxed);
                    let (Some(item), Some(slot)) = (items.get(i), done.get(i)) else { break };
                    let result = work(item);
                    *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
                    tick();
                }
            });
        }
    });
    done.into_iter().filter_map(|slot| slot.into_inner().unwrap_or_else(PoisonError::into_inner)).collect()
}

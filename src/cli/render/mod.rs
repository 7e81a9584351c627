//! `lifeboat render`.

mod bump;
mod dead;

use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use lifeboat::catalogue::Edition;
use lifeboat::diag::{Diagnostic, Severity, codes::render as codes};
use lifeboat::manifest::Origin;
use lifeboat::overlay::{self, Overlay};
use lifeboat::plan::Plan;
use lifeboat::probe::package::Package;
use lifeboat::shape::{did_you_mean, quoted_list};
use lifeboat::source::SourceMap;
use lifeboat::verify::{Finding, Input, verify};
use lifeboat::yaml::{Budget, Place};

use super::context::{BROKEN, Context, Format, name_of};
use super::helm::{self, Helm, HelmArgs, Release};
use super::outputs::{self, Prepared};
use super::verify as verify_command;

/// Render with your own Helm, and hold the result against the policy.
///
/// Runs `helm template` for each service with the team's values files and the overlay as the last one. Charts
/// come from this machine; nothing is downloaded.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  lifeboat render
  lifeboat render loki --charts charts/ --out rendered/
  lifeboat render loki --values theirs.yaml
  lifeboat render loki --charts loki-19.0.0.tgz --against loki-18.11.0.tgz

Exit code: 0 the policy holds, 1 it does not, 2 broken input or Helm's refusal.")]
pub(crate) struct Args {
    /// The policy (a `.toml` file; `policy.toml` without it), then services; all without any.
    #[arg(value_name = "POLICY|SERVICE")]
    words: Vec<String>,
    /// A chart (`.tgz` or its folder), or a folder with `<chart>-<version>.tgz` or `<chart>/`.
    #[arg(long, value_name = "DIR|TGZ")]
    charts: Option<PathBuf>,
    /// Compare with this older chart: what the new one changes for the overlay.
    #[arg(long, value_name = "DIR|TGZ", requires = "charts")]
    against: Option<PathBuf>,
    /// A further values file, after the team's and before the overlay; its dead keys are listed.
    #[arg(long, value_name = "FILE")]
    values: Vec<PathBuf>,
    /// The Kubernetes version that charts see, instead of the policy's.
    #[arg(long, value_name = "VERSION")]
    kube_version: Option<String>,
    /// Keep the manifests in this folder, a file for each service.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Show what is for information only, too.
    #[arg(long)]
    notes: bool,
    #[command(flatten)]
    helm: HelmArgs,
}

/// What every part of the command works with.
struct Job<'a> {
    context: &'a Context,
    args: &'a Args,
    prepared: &'a Prepared,
    helm: Helm,
    kube_version: String,
    /// Where overlays and other short-lived files are.
    folder: tempfile::TempDir,
}

/// One service to render.
struct Task {
    /// Index into the plan's services.
    service: usize,
    name: String,
    chart: PathBuf,
    package: Package,
}

/// An exit code after what was wrong has been said.
type Stop = ExitCode;

pub(crate) fn run(context: &Context, args: &Args) -> ExitCode {
    let (policy, services) = words(args);
    let prepared = match outputs::prepare(context, &policy) {
        Ok(prepared) => prepared,
        Err(code) => return code,
    };
    match render(context, args, &prepared, &services) {
        Ok(code) | Err(code) => code,
    }
}

/// The first word is the policy if it looks like one.
fn words(args: &Args) -> (PathBuf, Vec<String>) {
    match args.words.split_first() {
        Some((first, rest)) if first.ends_with(".toml") => (first.into(), rest.to_vec()),
        _ => ("policy.toml".into(), args.words.clone()),
    }
}

fn render(
    context: &Context,
    args: &Args,
    prepared: &Prepared,
    services: &[String],
) -> Result<ExitCode, Stop> {
    let stop = |message: String| {
        anstream::eprintln!("error: {message}");
        ExitCode::from(BROKEN)
    };
    let plan = &prepared.plan;
    let helm = Helm::start(&args.helm).map_err(stop)?;
    let kube_version =
        args.kube_version.clone().unwrap_or_else(|| format!("1.{}.0", plan.policy.cluster.minor.value));
    let folder = tempfile::tempdir().map_err(|error| stop(error.to_string()))?;
    let job = Job { context, args, prepared, helm, kube_version, folder };
    let tasks = job.tasks(services)?;
    if let Some(old) = &args.against {
        return bump::run(&job, &tasks, old);
    }
    job.render(&tasks)
}

impl Job<'_> {
    fn plan(&self) -> &Plan {
        &self.prepared.plan
    }

    /// Reports findings that end the run.
    fn stop(&self, findings: Vec<Diagnostic>) -> Stop {
        self.context.report(findings, &self.prepared.sources);
        ExitCode::from(BROKEN)
    }

    /// The services to render, each with its chart.
    fn tasks(&self, wanted: &[String]) -> Result<Vec<Task>, Stop> {
        let plan = self.plan();
        let name = |index: usize| plan.policy.services[plan.services[index].index].name.value.as_str();
        let mut chosen: Vec<usize> = Vec::new();
        for word in wanted {
            let Some(index) = (0..plan.services.len()).find(|&i| name(i) == word) else {
                let names: Vec<&str> = (0..plan.services.len()).map(name).collect();
                let near = did_you_mean(word, names.iter().copied());
                let hint = near.map_or_else(
                    || format!("it has {}", quoted_list(names.iter().copied())),
                    |near| format!("did you mean `{near}`?"),
                );
                anstream::eprintln!("error: the policy has no service `{word}`; {hint}");
                return Err(ExitCode::from(BROKEN));
            };
            chosen.push(index);
        }
        // A single chart is for those services that install it.
        let single = self.args.charts.as_deref().filter(|path| is_chart(path));
        let single =
            single.map(helm::package).transpose().map_err(|error| self.stop(vec![missing(error)]))?;
        if chosen.is_empty() {
            let fits = |&i: &usize| single.as_ref().is_none_or(|p| p.name == plan.services[i].edition.chart);
            chosen = (0..plan.services.len()).filter(fits).collect();
        }
        if chosen.is_empty() {
            let chart = single.map(|package| package.name).unwrap_or_default();
            return Err(
                self.stop(vec![missing(format!("no service of the policy installs chart `{chart}`"))])
            );
        }
        let mut tasks = Vec::new();
        let mut findings = Vec::new();
        for service in chosen {
            match self.task(service, name(service)) {
                Ok(task) => tasks.push(task),
                Err(finding) => findings.push(finding),
            }
        }
        if findings.is_empty() { Ok(tasks) } else { Err(self.stop(findings)) }
    }

    fn task(&self, service: usize, name: &str) -> Result<Task, Diagnostic> {
        let edition = &self.plan().services[service].edition;
        let chart = chart_of(self.args.charts.as_deref(), edition)?;
        let package = helm::package(&chart).map_err(missing)?;
        let (have, want) = (&package.version, &edition.version);
        if package.name != edition.chart || self.args.against.is_none() && have != want {
            let message = format!(
                "{} is {} {have}, and {name} is {} {want}",
                chart.display(),
                package.name,
                edition.chart
            );
            let help = "name the chart of the policy's version, or compare versions with --against";
            return Err(missing(message).help(help));
        }
        Ok(Task { service, name: name.to_owned(), chart, package })
    }

    fn overlay(&self, service: usize) -> Option<&Overlay> {
        self.prepared.lowered.overlays.iter().find(|overlay| overlay.service == service)
    }

    /// The team's values files and those of the command line, in Helm's order.
    fn values(&self, service: usize) -> Vec<PathBuf> {
        let policy = &self.plan().policy;
        let team = &policy.services[self.plan().services[service].index].values;
        team.iter().map(|file| PathBuf::from(&file.value)).chain(self.args.values.iter().cloned()).collect()
    }

    /// Writes a short-lived values file.
    fn file(&self, name: &str, text: &str) -> Result<PathBuf, String> {
        let path = self.folder.path().join(name);
        fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(path)
    }

    /// Renders a chart for a service.
    fn helm(&self, service: usize, chart: &Path, values: &[PathBuf]) -> Result<String, String> {
        let policy = &self.plan().policy.services[self.plan().services[service].index];
        let release = Release {
            name: &policy.release.value,
            namespace: &policy.namespace.value,
            chart,
            kube_version: &self.kube_version,
            api_versions: &self.args.helm.api_versions,
        };
        let bytes = self.helm.template(&release, values)?;
        String::from_utf8(bytes).map_err(|error| format!("what Helm made is not UTF-8: {error}"))
    }

    /// The values files of a service with its overlay.
    fn with_overlay(&self, service: usize, name: &str) -> Result<Vec<PathBuf>, String> {
        let mut values = self.values(service);
        if let Some(overlay) = self.overlay(service) {
            let text = overlay::write(self.plan(), overlay).text;
            values.push(self.file(&format!("overlay-{name}.yaml"), &text)?);
        }
        Ok(values)
    }

    fn render(&self, tasks: &[Task]) -> Result<ExitCode, Stop> {
        anstream::eprintln!("Helm {}: {}", self.helm.version, self.helm.null_rules());
        let work = |task: &Task| {
            let values = self.with_overlay(task.service, &task.name)?;
            self.helm(task.service, &task.chart, &values)
        };
        let rendered = helm::parallel(tasks, work, || {});
        let mut inputs = Vec::new();
        let mut findings = Vec::new();
        for (task, text) in tasks.iter().zip(rendered) {
            let leaves = self.overlay(task.service).map_or(0, |overlay| overlay.leaves.len());
            let package = &task.package;
            match text {
                Ok(text) => {
                    anstream::eprintln!(
                        "{}: {} {} with {leaves} values of the overlay made {} lines",
                        task.name,
                        package.name,
                        package.version,
                        text.lines().count()
                    );
                    let name = self.keep(&task.name, &text)?;
                    inputs.push(Input { name, stream: Ok(Box::new(Cursor::new(text.into_bytes()))) });
                }
                Err(error) => findings.push(failed(&task.name, &error)),
            }
        }
        if !findings.is_empty() {
            return Err(self.stop(findings));
        }
        let mut sources = self.prepared.sources.clone();
        let dead = dead::find(self, tasks, &mut sources)?;
        let (code, denied) = self.verify(inputs, dead, &sources);
        Ok(ExitCode::from(if denied && code == 0 { super::context::FINDINGS } else { code }))
    }

    /// Verifies renders and prints the answers: the exit code of that, and whether a finding on values fails the
    /// run too. People read those beside the report; a format for programs has one report of everything.
    fn verify(&self, inputs: Vec<Input>, values: Vec<Diagnostic>, sources: &SourceMap) -> (u8, bool) {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let mut report = verify(self.plan(), inputs, &Budget::default(), threads);
        verify_command::levels(self.context, &mut report);
        let denied = if self.for_people() {
            self.context.report(values, sources)
        } else {
            let values = self.context.judged(values, sources);
            let denied = values.iter().any(|finding| finding.severity == Severity::Error);
            report.findings.splice(0..0, values.into_iter().map(|finding| on_values(finding, sources)));
            denied
        };
        verify_command::print(self.context, &report, sources, self.args.notes);
        let broken_or_violated = report.exit_code();
        (broken_or_violated, denied)
    }

    fn for_people(&self) -> bool {
        self.context.format == Format::Human
    }

    /// Keeps the manifests if they are wanted; what to call them in findings.
    fn keep(&self, service: &str, text: &str) -> Result<String, Stop> {
        let Some(folder) = &self.args.out else { return Ok(format!("<{service}>")) };
        let path = folder.join(format!("{service}.yaml"));
        let written = fs::create_dir_all(folder).and_then(|()| fs::write(&path, text));
        written.map_err(|error| self.stop(vec![outputs::unwritable(&path, &error)]))?;
        Ok(name_of(&path))
    }
}

fn missing(message: String) -> Diagnostic {
    Diagnostic::new(codes::CHART_MISSING, message)
}

/// What Helm said, its first line as the message and the others as notes.
fn failed(name: &str, error: &str) -> Diagnostic {
    let mut lines = error.lines().map(str::trim).filter(|line| !line.is_empty());
    let mut finding =
        Diagnostic::new(codes::HELM_FAILED, format!("{name}: {}", lines.next().unwrap_or_default()));
    finding.notes.extend(lines.map(str::to_owned));
    finding
}

/// A finding on a values file, or on the overlay, beside those on what was rendered.
fn on_values(mut finding: Diagnostic, sources: &SourceMap) -> Finding {
    let origin = finding.primary.take().map(|label| {
        let file = sources.get(label.span.file);
        let (line, column) = file.line_col(label.span.start);
        let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Origin {
            file: file.name.to_string().into(),
            document: 0,
            at: Place::new(number(line), number(column)),
            path: String::new(),
        }
    });
    Finding {
        diagnostic: finding,
        target: "values".to_owned(),
        component: None,
        origin,
        policy_path: String::new(),
        allowed: None,
    }
}

fn is_chart(path: &Path) -> bool {
    path.is_file() || path.join("Chart.yaml").is_file()
}

/// Where the chart of an edition is.
fn chart_of(charts: Option<&Path>, edition: &Edition) -> Result<PathBuf, Diagnostic> {
    let (chart, version) = (&edition.chart, &edition.version);
    let folder = match charts {
        Some(path) if is_chart(path) => return Ok(path.to_path_buf()),
        Some(path) => path.to_path_buf(),
        None => helm::cache().map(|cache| cache.join("charts")).unwrap_or_default(),
    };
    let places = [folder.join(format!("{chart}-{version}.tgz")), folder.join(chart)];
    places.iter().find(|path| is_chart(path)).cloned().ok_or_else(|| {
        missing(format!("there is no {chart}-{version}.tgz in {}", folder.display())).help(format!(
            "`helm pull {chart} --repo {} --version {version} --destination {}`",
            edition.repository,
            folder.display()
        ))
    })
}

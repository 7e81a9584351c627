//! `lifeboat charts probe`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use lifeboat::catalogue::{Catalogue, Chart, Edition, Field, Target, ValuePath, conform, merge_files};
use lifeboat::probe::package::{Package, hex};
use lifeboat::probe::{Answer, Ask, Learned, Origin, RELEASE, Request, Shot, catalogue_file, learn};
use lifeboat::source::SourceMap;
use semver::Version;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::store::Store;
use crate::cli::context::{BROKEN, Context, FINDINGS, name_of};
use crate::cli::helm::{self, Helm, HelmArgs, Release};

/// Changes when shots or sentinels change, so that old stores are left alone.
const FORMAT: u32 = 3;

/// Learn a chart by rendering it, and write its catalogue file.
///
/// Sets a sentinel at each values path that may reach a pod and looks where it comes out. Renders run on all
/// cores and are kept in the cache, so that a second run goes on where the first stopped.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  lifeboat charts probe beacon-1.2.0.tgz --repository https://charts.example.org > charts/beacon.toml
  lifeboat charts probe loki-18.12.0.tgz --values values/loki.yaml --check charts/loki.toml

Exit code: 0 written, or as the checked file says; 1 the checked file says otherwise; 2 broken input or Helm's refusal.")]
pub(crate) struct Args {
    /// The chart: a package or its folder.
    #[arg(value_name = "DIR|TGZ")]
    chart: PathBuf,
    /// Values that the chart needs to render; several as Helm merges them.
    #[arg(long, value_name = "FILE")]
    values: Vec<PathBuf>,
    /// Compare with this catalogue file instead of writing one.
    #[arg(long, value_name = "FILE")]
    check: Option<PathBuf>,
    /// Write the facts (JSON) instead of a catalogue file; with --check, those that it compares, to --out.
    #[arg(long)]
    facts: bool,
    /// URL of the Helm repository that serves the chart.
    #[arg(long, value_name = "URL", default_value = "https://repository.invalid")]
    repository: String,
    /// First version that the file does not speak for; the next patch without it.
    #[arg(long, value_name = "VERSION")]
    until: Option<Version>,
    /// The Kubernetes version that the chart sees.
    #[arg(long, value_name = "VERSION", default_value = "1.34.0")]
    kube_version: String,
    /// Write to this file instead of standard output.
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Render everything anew.
    #[arg(long)]
    no_cache: bool,
    #[command(flatten)]
    helm: HelmArgs,
}

pub(crate) fn run(context: &Context, args: &Args) -> ExitCode {
    match probe(context, args) {
        Ok(code) => code,
        Err(message) => {
            anstream::eprintln!("error: {message}");
            ExitCode::from(BROKEN)
        }
    }
}

fn probe(context: &Context, args: &Args) -> Result<ExitCode, String> {
    if args.check.is_some() && args.facts != args.out.is_some() {
        return Err("with --check, --facts and --out FILE come together".to_owned());
    }
    let mut package = helm::package(&args.chart)?;
    let helm = Helm::start(&args.helm)?;
    let mut values = Value::Object(Map::new());
    for file in &args.values {
        values = merge_files(&values, &read_values(file)?);
    }
    match &args.check {
        Some(file) => check(context, args, &mut package, &helm, values, file),
        None => {
            let learned = experiment(args, &package, &helm, &Request { values, ..Request::default() })?;
            write(args, &package, &learned)
        }
    }
}

fn read_values(file: &Path) -> Result<Value, String> {
    let wrong = |error: String| format!("{}: {error}", file.display());
    let text = fs::read_to_string(file).map_err(|error| wrong(error.to_string()))?;
    let root = lifeboat::probe::dead::read(&text).map_err(wrong)?;
    let value = root.map_or_else(|| Value::Object(Map::new()), |root| root.to_json());
    if value.is_object() { Ok(value) } else { Err(wrong("it is no map of values".to_owned())) }
}

/// Runs the experiment with Helm, on all cores.
fn experiment(args: &Args, package: &Package, helm: &Helm, request: &Request) -> Result<Learned, String> {
    let salt = format!(
        "{FORMAT} {} {} {} {:?}",
        package.digest, helm.version, args.kube_version, args.helm.api_versions
    );
    let name = format!("{}-{}-{}", package.name, package.version, &hex(&Sha256::digest(salt))[..16]);
    let folder = helm::cache().map(|cache| cache.join("probe")).filter(|_| !args.no_cache);
    let store = Store::open(folder.as_deref(), &name);
    let scratch = tempfile::tempdir().map_err(|error| error.to_string())?;
    let bar = helm::progress(format!("{} {}", package.name, package.version));
    let one = |(i, ask): &(usize, &Ask)| -> Answer {
        if let Some(answer) = store.get(ask) {
            return answer;
        }
        let answer = render(args, helm, ask, &scratch.path().join(format!("{i}.json")));
        store.put(ask, &answer);
        answer
    };
    let mut batch = |asks: &[Ask]| {
        bar.inc_length(asks.len() as u64);
        let numbered: Vec<(usize, &Ask)> = asks.iter().enumerate().collect();
        helm::parallel(&numbered, one, || bar.inc(1))
    };
    let learned = learn(package, request, &mut batch);
    bar.finish_and_clear();
    learned
}

fn render(args: &Args, helm: &Helm, ask: &Ask, file: &Path) -> Answer {
    fs::write(file, ask.values.to_string()).map_err(|error| error.to_string())?;
    let release = Release {
        name: &ask.release,
        namespace: RELEASE.1,
        chart: &args.chart,
        kube_version: &args.kube_version,
        api_versions: &args.helm.api_versions,
    };
    let bytes = helm.template(&release, &[file.to_path_buf()])?;
    Shot::of(&String::from_utf8_lossy(&bytes), &ask.release)
}

/// The newest version of the chart that the catalogue was compared with: its components have names that policies use.
fn nearest(package: &Package) -> Option<Edition> {
    let chart = Catalogue::builtin().chart(&mut SourceMap::default(), &package.name).ok()?;
    let newest = chart.tested.last()?;
    chart.lines.iter().find_map(|line| chart.at(newest, Some(&line.url)).ok())
}

fn write(args: &Args, package: &Package, learned: &Learned) -> Result<ExitCode, String> {
    let text = if args.facts {
        recorded(&learned.facts)
    } else {
        let version = &package.version;
        let next = Version::new(version.major, version.minor, version.patch.saturating_add(1));
        let until = args.until.clone().unwrap_or(next);
        let mut origin = Origin::of(&args.repository, until);
        if let Some(edition) = nearest(package) {
            origin = origin.knowing(&edition);
        }
        let text = catalogue_file(package, learned, &origin)?;
        let mut sources = SourceMap::default();
        let file = sources.add("the file that was written", text.clone());
        let chart = Chart::parse(file, &text).map_err(|findings| {
            let lines: Vec<String> = findings.into_iter().map(|finding| finding.message).collect();
            format!("the file would not be read back: {}", lines.join("; "))
        })?;
        let agreement = conform::against_facts(&chart, &learned.facts.to_string())?;
        for line in &agreement.mismatches {
            anstream::eprintln!("not expressed: {line}");
        }
        text
    };
    match &args.out {
        Some(path) => fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))?,
        None => anstream::print!("{text}"),
    }
    let carriers = learned.facts["carriers"].as_array().map_or(0, Vec::len);
    let paths = learned.facts["paths"].as_array().into_iter().flatten();
    let alive = paths.filter(|path| path["alive"] == true).count();
    anstream::eprintln!(
        "{} {}: {carriers} carriers, {alive} living paths, {} renders",
        package.name,
        package.version,
        learned.renders
    );
    if let Some(path) = args.out.as_deref().filter(|_| !args.facts) {
        let folder = path.parent().map_or_else(|| ".".to_owned(), name_of);
        anstream::eprintln!(
            "next: `charts = \"{folder}\"` under `[cluster]` of the policy, then a service with `chart = \"{}\"`; look the file over first",
            package.name
        );
    }
    Ok(ExitCode::SUCCESS)
}

fn check(
    context: &Context,
    args: &Args,
    package: &mut Package,
    helm: &Helm,
    values: Value,
    file: &Path,
) -> Result<ExitCode, String> {
    let text = fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let mut sources = SourceMap::default();
    let id = sources.add(&name_of(file), text.clone());
    let chart = match Chart::parse(id, &text) {
        Ok(chart) => chart,
        Err(findings) => {
            context.report(findings, &sources);
            return Ok(ExitCode::from(BROKEN));
        }
    };
    if chart.name != package.name {
        return Err(format!("{} is of chart {}, not {}", file.display(), chart.name, package.name));
    }
    let line = chart.lines.iter().find(|line| line.range.contains(&package.version));
    let edition = match chart.at(&package.version, line.map(|line| line.url.as_str())) {
        Ok(edition) => edition,
        Err(finding) => {
            context.report(vec![*finding], &sources);
            return Ok(ExitCode::from(FINDINGS));
        }
    };
    let values = merge_files(&edition.required, &values);
    let probing = chart.probing(&package.version);
    let asked = |key: &&ValuePath| probing.profiles.iter().any(|(_, layer)| key.get(layer).is_some());
    package.note_lacking(edition.sub_charts().filter(asked));
    let profiles = probing.profiles.into_iter();
    let profiles = profiles.map(|(name, layer)| (name, rendered(&package.hollow, layer))).collect();
    let request = Request { values, paths: claimed(&edition), quiet: probing.quiet, profiles };
    let learned = experiment(args, package, helm, &request)?;
    if let Some(path) = &args.out {
        fs::write(path, recorded(&learned.facts)).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    let agreement = conform::against_facts(&chart, &learned.facts.to_string())?;
    for line in &agreement.mismatches {
        anstream::println!("{line}");
    }
    for key in &package.hollow {
        anstream::println!(
            "{} {}: the package lacks the sub-chart {key}, which is left out",
            package.name,
            package.version
        );
    }
    anstream::println!(
        "{} {} against {}: {} carriers, {} fields, {} paths, {} disagree",
        package.name,
        package.version,
        name_of(file),
        agreement.carriers,
        agreement.fields,
        agreement.paths,
        agreement.mismatches.len()
    );
    Ok(ExitCode::from(if agreement.mismatches.is_empty() { 0 } else { FINDINGS }))
}

/// Facts as they are kept: one line for each carrier and path, so that a difference between versions can be read.
fn recorded(facts: &Value) -> String {
    let mut out = String::from("{");
    for (i, (key, value)) in facts.as_object().into_iter().flatten().enumerate() {
        out += if i > 0 { ",\n " } else { "\n " };
        out += &format!("{}: ", Value::from(key.as_str()));
        match value {
            Value::Array(items) if items.iter().any(Value::is_object) => {
                let lines: Vec<String> = items.iter().map(|item| format!("\n  {item}")).collect();
                out += &format!("[{}\n ]", lines.join(","));
            }
            Value::Object(map) if map.values().any(Value::is_object) => {
                let lines: Vec<String> = map
                    .iter()
                    .map(|(key, item)| format!("\n  {}: {item}", Value::from(key.as_str())))
                    .collect();
                out += &format!("{{{}\n }}", lines.join(","));
            }
            other => out += &other.to_string(),
        }
    }
    out + "\n}\n"
}

/// A profile without the values of sub-charts that a package lacks.
fn rendered(hollow: &[ValuePath], layer: Value) -> Value {
    hollow.iter().fold(layer, |layer, key| lifeboat::probe::dead::without(&layer, key))
}

/// Paths that a catalogue says something of, with their field.
fn claimed(edition: &Edition) -> Vec<(ValuePath, String)> {
    let mut out = Vec::new();
    for component in edition.components.values() {
        for (target, reach) in component.rendered_targets() {
            let field = match &target {
                Target::Field(field) => field.key(),
                Target::Resources(_) => "resources",
            };
            let Some(wiring) = reach.wiring() else { continue };
            out.extend(wiring.chain.iter().map(|wire| (wire.path.clone(), field.to_owned())));
            if target == Target::Field(Field::Affinity) {
                out.extend(wiring.preset.iter().map(|p| (p.path.clone(), "podAntiAffinity".to_owned())));
            }
        }
    }
    out
}

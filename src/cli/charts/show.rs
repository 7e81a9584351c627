//! `lifeboat charts show`.

use std::fmt::Write as _;
use std::process::ExitCode;

use lifeboat::catalogue::{Catalogue, Chart, Edition, Known, Reach};
use lifeboat::source::SourceMap;

use crate::cli::context::{BROKEN, Context};

/// List the charts, or show which values of one reach which pods.
#[derive(Debug, Default, clap::Args)]
#[command(after_help = "Examples:
  lifeboat charts show
  lifeboat charts show loki --version 18.11.0 --repository https://grafana-community.github.io/helm-charts")]
pub(crate) struct Args {
    /// The chart; all without it.
    chart: Option<String>,
    /// Its version; the newest that was rendered and compared without it.
    #[arg(long)]
    version: Option<semver::Version>,
    /// URL of its repository, where several serve that version.
    #[arg(long, value_name = "URL")]
    repository: Option<String>,
}

pub(crate) fn run(context: &Context, args: &Args) -> ExitCode {
    let catalogue = Catalogue::builtin();
    let mut sources = SourceMap::default();
    let text = match &args.chart {
        None => list(&catalogue, &mut sources),
        Some(name) => catalogue.chart(&mut sources, name).and_then(|chart| {
            let newest = || chart.tested.last().cloned();
            let Some(version) = args.version.clone().or_else(newest) else { return Ok(head(&chart)) };
            chart.at(&version, args.repository.as_deref()).map(|edition| head(&chart) + &show(&edition))
        }),
    };
    match text {
        Ok(text) => {
            // A closed pipe (`| head`) is no reason to fail.
            crate::cli::quiet::print(text.as_bytes());
            ExitCode::SUCCESS
        }
        Err(finding) => {
            context.report(vec![*finding], &sources);
            ExitCode::from(BROKEN)
        }
    }
}

fn list(catalogue: &Catalogue, sources: &mut SourceMap) -> Result<String, Box<lifeboat::diag::Diagnostic>> {
    let heads = catalogue.names().into_iter().map(|name| Ok(head(&*catalogue.chart(sources, name)?)));
    heads.collect()
}

fn head(chart: &Chart) -> String {
    let mut out = format!("{}: {}\n", chart.name, chart.about.as_deref().unwrap_or("-"));
    for line in &chart.lines {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "  {} from {}", line.range, line.url);
    }
    out
}

fn show(edition: &Edition) -> String {
    let known = match edition.known {
        Known::Tested => "rendered and compared",
        Known::Between => "between two versions that were rendered and compared",
        Known::Newer => "newer than any version that was rendered and compared",
    };
    let mut out = format!("{} {}: {known}\n", edition.chart, edition.version);
    for (name, component) in &edition.components {
        let hook = if component.hook.is_some() { ", a hook" } else { "" };
        let _ = writeln!(out, "\n{name}: {} {}{hook}", component.kind, component.name);
        for condition in &component.when {
            let _ = writeln!(out, "  when {} is {}", condition.path, condition.is);
        }
        for (target, reach) in component.targets() {
            let text = match reach {
                Reach::Fixed(value) => format!("always {value}"),
                Reach::Unreachable(why) => why.clone(),
                Reach::Wired(wiring) => {
                    let preset = wiring.preset.iter().map(|preset| format!("{} (a preset)", preset.path));
                    let paths = wiring.chain.iter().map(|wire| wire.path.to_string()).chain(preset);
                    paths.collect::<Vec<_>>().join(", else ")
                }
            };
            let _ = writeln!(out, "  {target}: {text}");
        }
    }
    out
}

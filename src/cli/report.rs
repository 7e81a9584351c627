//! `lifeboat report`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use lifeboat::lifecycle::NodeId;
use lifeboat::policy::{Phase, Policy};
use lifeboat::prove::{Model, Proof};
use lifeboat::report::{self, Report};

use super::context::{BROKEN, Context, name_of};
use super::outputs;
use super::prove::losses;

/// Draw the cluster and what survives: a page in which a click takes a node away, a picture, or a table.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  lifeboat report --html report.html\n  lifeboat report --svg yellow.svg --lose worker-2\n  lifeboat report --svg red.svg --lose 'worker-1 then worker-2' --phase fencing\n  lifeboat report --markdown - >> \"$GITHUB_STEP_SUMMARY\"\n\nThe page is one file that fetches nothing; open it, attach it, print it.\nExit code: 0 written, 2 broken input."
)]
pub(crate) struct Args {
    /// The policy.
    #[arg(default_value = "policy.toml")]
    policy: PathBuf,
    /// Write the page; `-` is standard output.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Write a picture of one scene.
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// Write the table with its explanations.
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,
    /// The scene of the picture: nodes lost at once (`a,b`) or in order (`a then b`).
    #[arg(long, value_name = "NODES", requires = "svg")]
    lose: Option<String>,
    /// The moment of the picture: after fencing, unless told otherwise or nobody fences.
    #[arg(long, value_enum, requires = "lose")]
    phase: Option<Moment>,
}

/// A moment after a loss.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Moment {
    /// Every eviction that happens by itself is over.
    Eviction,
    /// Every lost node was fenced.
    Fencing,
    /// The lost nodes are back.
    Return,
}

pub(crate) fn run(context: &Context, args: &Args) -> ExitCode {
    if args.html.is_none() && args.svg.is_none() && args.markdown.is_none() {
        anstream::eprintln!("error: say what to write");
        anstream::eprintln!("  help: lifeboat report --html report.html");
        return ExitCode::from(BROKEN);
    }
    let compiled = match outputs::compile(context, &args.policy, None) {
        Ok(compiled) => compiled,
        Err(code) => return code,
    };
    let plan = &compiled.compilation.plan;
    let model = match Model::of_plan(plan) {
        Ok(model) => model,
        Err(error) => return broken(&error.to_string()),
    };
    let Some(proof) = &compiled.compilation.proof else {
        context.report(compiled.compilation.claims.clone(), &compiled.sources);
        return ExitCode::from(BROKEN);
    };
    match write_all(&plan.policy, &model, proof, args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => broken(&message),
    }
}

fn write_all(policy: &Policy, model: &Model, proof: &Proof, args: &Args) -> Result<(), String> {
    let unsettled = || "the cluster does not settle even without a loss".to_owned();
    if let Some(path) = &args.html {
        let report = Report::of(policy, model, proof).ok_or_else(unsettled)?;
        put(
            path,
            &report::page(&report),
            "open it in a browser and click a node; in CI, `lifeboat check` is the gate",
        )?;
    }
    if let Some(path) = &args.svg {
        let mut order = match &args.lose {
            Some(text) => losses(model, text)?,
            None => Vec::new(),
        };
        order.iter_mut().for_each(|set| set.sort_unstable());
        let report = Report::of_order(policy, model, proof, &order).ok_or_else(unsettled)?;
        put(path, &report::svg(&report, scene(&report, model, &order, args.phase)?), "")?;
    }
    if let Some(path) = &args.markdown {
        put(path, &report::markdown(&policy.cluster.name.value, proof), "")?;
    }
    Ok(())
}

fn scene<'r>(
    report: &'r Report<'_>,
    model: &Model,
    order: &[Vec<NodeId>],
    phase: Option<Moment>,
) -> Result<&'r report::Scene, String> {
    let phase = match phase {
        _ if order.is_empty() => Phase::Eviction,
        None => model.last_phase(),
        Some(Moment::Eviction) => Phase::Eviction,
        Some(Moment::Fencing) => Phase::Fencing,
        Some(Moment::Return) => Phase::Return,
    };
    if phase == Phase::Fencing && model.last_phase() != Phase::Fencing {
        return Err("nobody fences: the policy says `recovery.fencing = \"none\"`".to_owned());
    }
    report
        .atlas
        .scene(order, phase)
        .ok_or_else(|| "the cluster does not settle after these losses".to_owned())
}

fn put(path: &Path, text: &str, next: &str) -> Result<(), String> {
    if path.as_os_str() == "-" {
        anstream::print!("{text}");
        return Ok(());
    }
    std::fs::write(path, text).map_err(|error| format!("`{}` cannot be written: {error}", name_of(path)))?;
    let next = if next.is_empty() { String::new() } else { format!("; {next}") };
    anstream::println!("wrote {} ({} KB){next}", name_of(path), text.len().div_ceil(1000));
    Ok(())
}

fn broken(message: &str) -> ExitCode {
    anstream::eprintln!("error: {message}");
    ExitCode::from(BROKEN)
}

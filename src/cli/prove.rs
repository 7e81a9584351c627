//! `lifeboat prove`.

use std::path::PathBuf;
use std::process::ExitCode;

use lifeboat::advise::headroom::{self, Headroom, Needed};
use lifeboat::advise::{Remedies, remedies};
use lifeboat::catalogue::Catalogue;
use lifeboat::compile;
use lifeboat::diag::codes::survival;
use lifeboat::diag::{Diagnostic, Severity};
use lifeboat::lifecycle::NodeId;
use lifeboat::plan::Plan;
use lifeboat::policy::{Fencing, Phase, apply_allowances};
use lifeboat::prove::claim::Event;
use lifeboat::prove::{self, Model, Options, Proof, render};
use lifeboat::scheduler::CompileError;
use lifeboat::source::SourceMap;

use super::context::{BROKEN, Context, FINDINGS, Files, Format};
use super::fleet::{self, Policies, Verb};
use super::outputs;

/// Other orders in which ways back are played.
const VARY: u64 = 8;

/// Prove or refute what a policy claims about lost nodes, and show what becomes of every workload.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  lifeboat prove\n  lifeboat prove --components\n  lifeboat prove sites/\n  lifeboat prove --lose worker-1,worker-2\n  lifeboat prove --lose 'worker-1 then worker-2' --trace\n  lifeboat prove --rendered rendered/\n  kubectl get nodes,pods,deploy,sts,ds,priorityclasses,pdb,pv,pvc,sc,quota -A -o yaml | lifeboat prove --rendered -\n\nExit code: 0 nothing refuted, 1 a claim is refuted, 2 broken input."
)]
pub(crate) struct Args {
    #[command(flatten)]
    policies: Policies,
    /// Tell one story: nodes lost at once (`a,b`) or in order (`a then b`).
    #[arg(long, value_name = "NODES")]
    lose: Option<String>,
    #[command(flatten)]
    work: super::event::Work,
    /// How long a node is away; of a cold start, the gap between arrivals.
    #[arg(long, value_name = "DURATION", default_value = "120s", requires = "Work")]
    lasts: String,
    /// With the scheduler's reasons: rejected nodes, scores, ties, victims.
    #[arg(long)]
    trace: bool,
    /// A row per component instead of one per service.
    #[arg(long)]
    components: bool,
    /// How much the applications may grow, and how small nodes may be, before a claim breaks.
    #[arg(long, conflicts_with_all = ["lose", "Work"])]
    headroom: bool,
    /// Prove what was rendered, or a dump of a cluster, instead of the plan: files, folders, or `-`.
    #[arg(long, value_name = "FILE|DIR|-", num_args = 1.., conflicts_with = "headroom")]
    rendered: Vec<PathBuf>,
    /// Warn where requests are far below use: the text of `kubectl top pods -A`, with or without `--containers`.
    #[arg(long, value_name = "FILE")]
    usage: Option<PathBuf>,
    /// Decisions that may be spent on a claim that no bound decides.
    #[arg(long, value_name = "N", default_value_t = Options::default().budget)]
    budget: u64,
    /// Changed policies that may be tried in search of what makes a refuted claim true; 0 for no search.
    #[arg(long, value_name = "N", default_value_t = remedies::TRIES)]
    remedies: usize,
}

/// A cluster of which nothing can be proved.
fn not_modelled(context: &Context, error: &CompileError, sources: &SourceMap) -> ExitCode {
    let finding = Diagnostic { severity: Severity::Error, ..compile::not_modelled(error) };
    context.report(vec![finding], sources);
    ExitCode::from(BROKEN)
}

pub(crate) fn run(context: &Context, args: &Args) -> ExitCode {
    let Some(policy) = args.policies.single() else { return over_fleet(context, args) };
    let prepared = match outputs::prepare(context, policy) {
        Ok(prepared) => prepared,
        Err(code) => return code,
    };
    let plan = &prepared.plan;
    let mut observed = None;
    let mut wrong = false;
    if !args.rendered.is_empty() {
        match super::observed::read(context, plan, &prepared.sources, &args.rendered) {
            Ok((read, failed)) => (observed, wrong) = (Some(read), failed),
            Err(code) => return code,
        }
    }
    let model = match &observed {
        None => Model::of_plan(plan),
        Some(observed) => Model::of_observed(&plan.policy, observed),
    };
    let model = match model {
        Ok(model) => model,
        Err(error) => return not_modelled(context, &error, &prepared.sources),
    };
    if let Some(file) = &args.usage {
        let planned;
        let cluster = match &observed {
            Some(observed) => &observed.cluster,
            None => {
                planned = plan.cluster();
                &planned
            }
        };
        match super::observed::usage(context, plan, cluster, &prepared.sources, file) {
            Ok(failed) => wrong |= failed,
            Err(code) => return code,
        }
    }
    if args.headroom {
        return match headroom::headroom(plan) {
            Ok(found) => {
                print_headroom(context, &found, args);
                told(wrong)
            }
            Err(error) => not_modelled(context, &error, &prepared.sources),
        };
    }
    match args.work.event(&model, &args.lasts) {
        Err(message) => return wrong_usage(&message),
        Ok(None) if args.lose.is_none() => {}
        Ok(event) => {
            return match story(context, &model, event.as_ref(), args) {
                Ok(()) => told(wrong),
                Err(message) => wrong_usage(&message),
            };
        }
    }
    let proof = prove::prove(&model, Options { budget: args.budget, vary: VARY, ..Options::default() });
    let mut findings = prove::promises::of(&model, &proof, plan);
    apply_allowances(&plan.policy, &mut findings, survival::ALL);
    // What was rendered does not follow from the policy alone, so changing the policy proves nothing of it.
    let tries = if observed.is_some() { 0 } else { args.remedies };
    let needed = if tries > 0 { headroom::needed(plan, &proof).unwrap_or_default() } else { Vec::new() };
    findings.extend(prove::findings::of(&proof, &helps(&needed)));
    let failed = context.report(findings, &prepared.sources);
    let detail = render::Detail { components: args.components, reasons: args.trace };
    let found = remedies_for(plan, &proof, tries);
    match context.format {
        Format::Json => {
            let mut value = render::json(&proof);
            if let Some(observed) = &observed {
                value["input"] = lifeboat::observed::render::json(observed);
            }
            if !needed.is_empty() {
                value["needed"] = needed.iter().map(headroom::render::needed_json).collect();
            }
            if let Some(found) = &found {
                value["remedies"] = remedies::render::json(found, &proof);
            }
            anstream::println!("{value}");
        }
        _ => {
            anstream::print!("{}", render::human(&proof, detail));
            at_their_word(args);
            for needed in &needed {
                anstream::println!("room: {}", headroom::render::needed(needed));
            }
            if let Some(found) = &found {
                anstream::print!("\n{}", remedies::render::human(found, &proof));
            }
        }
    }
    if failed || wrong || proof.refuted() { ExitCode::from(FINDINGS) } else { ExitCode::SUCCESS }
}

/// The room that would make refuted claims true, as the help of their findings.
fn helps(needed: &[Needed]) -> Vec<(usize, String)> {
    let help = |needed: &Needed| {
        let enough = headroom::render::enough(needed);
        (needed.claim, format!("it fails for want of room; it would be proved with {enough}"))
    };
    needed.iter().map(help).collect()
}

/// What would make refuted claims true; `None` without any, or without a search.
fn remedies_for(plan: &Plan, proof: &Proof, tries: usize) -> Option<Remedies> {
    if tries == 0 || !proof.refuted() {
        return None;
    }
    let policy = &plan.policy;
    let catalogue = outputs::with_charts(Catalogue::builtin(), policy, &mut SourceMap::default()).ok()?;
    Some(remedies::remedies(&Files, &policy.file, &catalogue, policy, proof, tries))
}

/// Claims of many sites; a story or a table is asked of one.
fn over_fleet(context: &Context, args: &Args) -> ExitCode {
    let one = !args.rendered.is_empty() || args.usage.is_some();
    let story = args.lose.is_some() || args.work.is_asked();
    if story || args.headroom || args.trace || args.components || one {
        return wrong_usage(
            "--lose, planned work, --headroom, --trace, --components, --rendered and --usage speak of one site: name its policy",
        );
    }
    fleet::run(context, &args.policies, &Verb::Prove { budget: args.budget }, None)
}

/// All of it rests on the requests; one line says how to hold them against use.
fn at_their_word(args: &Args) {
    if args.usage.is_none() {
        anstream::println!(
            "requests are taken at their word: `--usage FILE` holds them against `kubectl top pods -A`"
        );
    }
}

/// The exit code of an answer that judges nothing itself.
fn told(wrong: bool) -> ExitCode {
    if wrong { ExitCode::from(FINDINGS) } else { ExitCode::SUCCESS }
}

fn print_headroom(context: &Context, found: &Headroom, args: &Args) {
    match context.format {
        Format::Json => anstream::println!("{}", headroom::render::json(found)),
        _ => {
            anstream::print!("{}", headroom::render::human(found));
            at_their_word(args);
        }
    }
}

fn wrong_usage(message: &str) -> ExitCode {
    anstream::eprintln!("error: {message}");
    ExitCode::from(BROKEN)
}

fn story(context: &Context, model: &Model, event: Option<&Event>, args: &Args) -> Result<(), String> {
    let losses = args.lose.as_deref().map(|lose| losses(model, lose)).transpose()?.unwrap_or_default();
    let fences = model.fencing.0 != Fencing::None;
    let phase = if fences { Phase::Fencing } else { Phase::Eviction };
    let told = match event {
        None => prove::tell(model, &losses, phase, args.trace),
        Some(event) => prove::planned::tell(model, &losses, phase, Some(event), args.trace),
    };
    let told = told.ok_or("this story does not settle")?;
    let compared = if event.is_none() { prove::orders::compare(model, &losses) } else { None };
    if context.format == Format::Json {
        let mut value = render::story_json(&told);
        value["orders"] = compared.iter().flatten().map(|way| render::way_json(model, way)).collect();
        anstream::println!("{value}");
        return Ok(());
    }
    anstream::print!("{}", render::story(&told, args.trace));
    for way in compared.iter().flatten() {
        anstream::print!("{}", render::way(model, way));
    }
    Ok(())
}

/// `a,b then c` as sets of nodes in their order.
pub(super) fn losses(model: &Model, text: &str) -> Result<Vec<Vec<NodeId>>, String> {
    let mut seen = Vec::new();
    let mut order = Vec::new();
    for step in super::event::steps(model, text) {
        if step.is_empty() {
            return Err("name at least one node in every step".to_owned());
        }
        let mut set = Vec::new();
        for name in step {
            let id = super::event::node(model, name)?;
            if seen.contains(&id) {
                return Err(format!("`{name}` cannot be lost twice"));
            }
            seen.push(id);
            set.push(id);
        }
        order.push(set);
    }
    Ok(order)
}

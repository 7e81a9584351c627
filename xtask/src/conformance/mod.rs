//! `cargo xtask conformance --facts DIR` holds the catalogue and compiled overlays against recorded facts;
//! `cargo xtask conformance [--charts DIR] --helm PATH [--helm PATH]` does so by rendering real charts.

mod charts;
mod facts;
mod helm;

use std::path::PathBuf;
use std::process::ExitCode;

use lifeboat::catalogue::conform::Verdict;

/// What was asked for.
#[derive(Debug, Default)]
struct Args {
    facts: Option<PathBuf>,
    charts: Option<PathBuf>,
    helms: Vec<PathBuf>,
    /// Of which charts to remove the leaves one by one.
    leaves: Leaves,
    /// Only charts whose file name starts so.
    only: Option<String>,
}

/// Which charts are rendered once more without each leaf.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Leaves {
    /// All of them.
    #[default]
    All,
    /// The newest version of each chart in the folder.
    Newest,
    /// None.
    No,
}

const USAGE: &str =
    "xtask conformance: --facts DIR | [--charts DIR] --helm PATH… [--only PREFIX] [--leaves all|newest|no]";

pub(crate) fn run(mut args: impl Iterator<Item = String>) -> ExitCode {
    let mut asked = Args::default();
    while let Some(arg) = args.next() {
        match (arg.as_str(), args.next()) {
            ("--facts", Some(path)) => asked.facts = Some(path.into()),
            ("--charts", Some(path)) => asked.charts = Some(path.into()),
            ("--helm", Some(path)) => asked.helms.push(path.into()),
            ("--only", Some(prefix)) => asked.only = Some(prefix),
            ("--leaves", Some(word)) if word == "all" => asked.leaves = Leaves::All,
            ("--leaves", Some(word)) if word == "newest" => asked.leaves = Leaves::Newest,
            ("--leaves", Some(word)) if word == "no" => asked.leaves = Leaves::No,
            _ => {
                eprintln!("{USAGE}");
                return ExitCode::from(2);
            }
        }
    }
    let outcome = match &asked.facts {
        Some(folder) => facts::run(folder),
        None => charts::run(&asked),
    };
    match outcome {
        Ok(clean) => ExitCode::from(u8::from(!clean)),
        Err(error) => {
            eprintln!("xtask conformance: {error}");
            ExitCode::from(2)
        }
    }
}

/// Prints what is wrong and one line of figures.
fn print(verdict: &Verdict, figures: &str) -> bool {
    for line in [&verdict.dead, &verdict.duplicates, &verdict.mismatches].into_iter().flatten() {
        println!("{line}");
    }
    println!(
        "{figures}, {} policies, {} planned carriers, {} fields checked, {} leaves, {} of them pinned: {} dead leaves, {} duplicate keys, {} mismatches",
        verdict.policies,
        verdict.carriers,
        verdict.fields,
        verdict.leaves,
        verdict.pinned,
        verdict.dead.len(),
        verdict.duplicates.len(),
        verdict.mismatches.len()
    );
    verdict.is_clean()
}

//! Compiled overlays against what real Helm renders of real charts.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use lifeboat::catalogue::compose::Facts;
use lifeboat::catalogue::conform::{
    Rendered, Site, Verdict, against_render, compile, everything, profile_values,
};
use lifeboat::catalogue::{Catalogue, ValuePath};
use lifeboat::source::SourceMap;
use semver::Version;
use serde_json::{Value, json};

use super::helm::Helm;
use super::{Args, Leaves};
use crate::catalogue::{read_facts, sorted};

/// Where profiles come from: the nearest recorded version's.
const FACTS: &str = "tests/data/charts-data";

pub(super) fn run(args: &Args) -> Result<bool, Box<dyn Error>> {
    let folder = match &args.charts {
        Some(folder) => folder.clone(),
        None => cache().ok_or("no cache folder: say --charts DIR")?,
    };
    if args.helms.is_empty() {
        return Err("say --helm PATH".into());
    }
    let known = Known::read(&folder)?;
    let jobs = jobs(&folder, args)?;
    let scratch = std::env::temp_dir().join(format!("lifeboat-conformance-{}", std::process::id()));
    let done = render_all(&jobs, args, &known, &scratch);
    // The folder holds values files only; one that stays is no harm.
    let _ = fs::remove_dir_all(&scratch);
    let (mut versions, mut renders, mut verdict) = (0, 0, Verdict::default());
    for run in done {
        let run = run?;
        println!("{}", run.summary);
        versions += usize::from(run.renders > 0);
        renders += run.renders;
        verdict.add(run.verdict);
    }
    if versions == 0 {
        return Err(format!("{} holds no charts", folder.display()).into());
    }
    Ok(super::print(&verdict, &format!("{versions} versions, {renders} renders")))
}

/// A packaged chart to render.
struct Job {
    path: PathBuf,
    chart: String,
    version: Version,
    leaves: bool,
}

fn jobs(folder: &Path, args: &Args) -> Result<Vec<Job>, Box<dyn Error>> {
    let mut jobs = Vec::new();
    for path in sorted(folder)? {
        let Some((chart, version)) = named(&path) else { continue };
        let file = format!("{chart}-{version}");
        if args.only.as_ref().is_none_or(|prefix| file.starts_with(prefix.as_str())) {
            jobs.push(Job { path, chart, version, leaves: args.leaves == Leaves::All });
        }
    }
    if args.leaves == Leaves::Newest {
        for i in 0..jobs.len() {
            let newer = |job: &Job| job.chart == jobs[i].chart && job.version > jobs[i].version;
            jobs[i].leaves = !jobs.iter().any(newer);
        }
    }
    jobs.sort_by(|a, b| (&a.chart, &a.version).cmp(&(&b.chart, &b.version)));
    Ok(jobs)
}

/// One thread per core takes chart after chart; the answers are in the order of the jobs.
fn render_all<'a>(
    jobs: &'a [Job],
    args: &'a Args,
    known: &'a Known,
    scratch: &Path,
) -> Vec<Result<Run<'a>, String>> {
    let next = AtomicUsize::new(0);
    let done: Vec<OnceLock<Result<Run<'a>, String>>> = jobs.iter().map(|_| OnceLock::new()).collect();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(job) = jobs.get(at) else { return };
                    let run = Run::of(job, args, known, scratch.join(at.to_string()));
                    let _ = done[at].set(run.map_err(|error| error.to_string()));
                }
            });
        }
    });
    done.into_iter().filter_map(OnceLock::into_inner).collect()
}

/// The user's cache folder of charts.
fn cache() -> Option<PathBuf> {
    let base = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let base = base.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache")))?;
    Some(base.join("lifeboat/charts"))
}

/// Chart and version of `<chart>-<version>.tgz` or of a folder of that name.
fn named(path: &Path) -> Option<(String, Version)> {
    let name = path.file_name()?.to_str()?;
    let name = match name.strip_suffix(".tgz") {
        Some(name) => name,
        None if path.is_dir() => name,
        None => return None,
    };
    let split = |(at, _): (usize, &str)| Some((name[..at].to_owned(), name[at + 1..].parse().ok()?));
    name.match_indices('-').find_map(split)
}

/// What every chart is held against.
struct Known {
    policy: String,
    catalogue: Catalogue,
    profiles: Vec<Facts>,
}

impl Known {
    fn read(folder: &Path) -> Result<Self, Box<dyn Error>> {
        let mut catalogue = Catalogue::builtin();
        let mut files = Vec::new();
        let beside = folder.join("catalogue");
        if beside.is_dir() {
            for path in sorted(&beside)? {
                files.push((path.display().to_string(), fs::read_to_string(&path)?));
            }
        }
        let extended = catalogue.extend(&mut SourceMap::default(), files);
        extended.map_err(|report| report.iter().map(|d| d.message.clone() + "\n").collect::<String>())?;
        let policy = fs::read_to_string("policy.toml")?;
        Ok(Self { policy, catalogue, profiles: read_facts(Path::new(FACTS))? })
    }
}

/// The renders of one chart.
struct Run<'a> {
    args: &'a Args,
    known: &'a Known,
    leaves: bool,
    scratch: PathBuf,
    renders: usize,
    verdict: Verdict,
    summary: String,
}

impl<'a> Run<'a> {
    fn of(job: &Job, args: &'a Args, known: &'a Known, scratch: PathBuf) -> Result<Self, Box<dyn Error>> {
        fs::create_dir_all(&scratch)?;
        let (verdict, summary) = (Verdict::default(), String::new());
        let mut run = Self { args, known, leaves: job.leaves, scratch, renders: 0, verdict, summary };
        run.chart(&job.path, &job.chart, &job.version)?;
        Ok(run)
    }

    /// Every policy and profile of one packaged chart.
    fn chart(&mut self, path: &Path, chart: &str, version: &Version) -> Result<(), Box<dyn Error>> {
        let mut sources = SourceMap::default();
        let known = self.known.catalogue.chart(&mut sources, chart).map_err(|d| d.message)?;
        let Some(line) = known.lines.iter().find(|line| line.range.contains(version)) else {
            self.summary = format!("{chart} {version}: outside the catalogue's range, left out");
            return Ok(());
        };
        let repository = line.name.clone();
        let edition = known.at(version, Some(&repository)).map_err(|d| d.message)?;
        for (what, values, whole) in self.profiles(chart, version) {
            let mut policies = Vec::new();
            if whole {
                policies.push(("shipped policy".to_owned(), self.known.policy.clone()));
            }
            policies.push((format!("everything, profile {what}"), everything(&edition, &values)));
            for (what, policy) in policies {
                if !policy.contains(&format!("chart = \"{chart}\"")) {
                    continue;
                }
                match compile(&self.known.catalogue, &policy, chart, version, Some(&repository), &values) {
                    Ok(site) => self.site(path, &site, &values, &what)?,
                    Err(lines) => {
                        let lines = lines.iter().map(|line| format!("{chart} {version} ({what}): {line}"));
                        self.verdict.mismatches.extend(lines);
                    }
                }
            }
        }
        self.summary = format!(
            "{chart} {version}: {} renders, {} leaves removed in turn, {} dead, {} mismatches",
            self.renders,
            self.verdict.leaves,
            self.verdict.dead.len(),
            self.verdict.mismatches.len()
        );
        Ok(())
    }

    /// Values that switch components on, by profile; the first one is also the shipped policy's.
    fn profiles(&self, chart: &str, version: &Version) -> Vec<(String, Value, bool)> {
        let mine = self.known.profiles.iter().filter(|facts| facts.chart == chart);
        let near = mine.min_by_key(|facts| {
            let far = |a: u64, b: u64| a.abs_diff(b);
            (
                far(facts.version.major, version.major),
                far(facts.version.minor, version.minor),
                far(facts.version.patch, version.patch),
            )
        });
        let Some(facts) = near else { return vec![("default".to_owned(), json!({}), true)] };
        let names = facts.profiles.keys().enumerate();
        names
            .map(|(i, profile)| {
                let mut values = profile_values(facts, profile);
                // An object store whose licence keeps its chart out of every package here.
                let minio = ValuePath::parse("minio.enabled");
                if minio.get(&values).is_some() {
                    minio.set(&mut values, json!(false));
                }
                (profile.clone(), values, i == 0)
            })
            .collect()
    }

    fn site(&mut self, path: &Path, site: &Site, team: &Value, what: &str) -> Result<(), Box<dyn Error>> {
        let overlay = site.overlay();
        for (i, helm) in self.args.helms.iter().enumerate() {
            let scratch = self.scratch.clone();
            let helm = Helm {
                helm,
                chart: path,
                release: site.release(),
                namespace: site.namespace(),
                scratch: &scratch,
            };
            let what = format!("{what}, Helm {}", i + 1);
            let edition = &site.plan.services[site.service].edition;
            let at = format!("{} {} ({what})", edition.chart, edition.version);
            let switches = site.switches();
            let bare = [team, &switches];
            let renders = helm
                .template(&bare)
                .and_then(|one| Ok([one, helm.template(&bare)?, helm.template(&[team, &overlay])?]));
            let [without, again, with] = match renders {
                Ok(renders) => renders,
                Err(error) => {
                    let line = error.to_string().lines().next().unwrap_or_default().to_owned();
                    self.verdict.mismatches.push(format!("{at}: {line}"));
                    continue;
                }
            };
            self.renders += 3;
            let (one, other) = (Rendered::parse(&without)?, Rendered::parse(&again)?);
            let (mut before, mut after) = (one.clone(), Rendered::parse(&with)?);
            before.mask_noise(&one, &other);
            after.mask_noise(&one, &other);
            self.verdict.add(against_render(site, &before, &after, &what));
            if self.leaves {
                self.leaves(&helm, site, team, (&after, [&one, &other]), &at)?;
            }
        }
        Ok(())
    }

    /// Each leaf, removed in turn, must change the render.
    fn leaves(
        &mut self,
        helm: &Helm<'_>,
        site: &Site,
        team: &Value,
        (with, noise): (&Rendered, [&Rendered; 2]),
        at: &str,
    ) -> Result<(), Box<dyn Error>> {
        let mine = site.lowered.overlays.iter().find(|overlay| overlay.service == site.service);
        let leaves = mine.map(|overlay| overlay.leaves.clone()).unwrap_or_default();
        for left_out in 0..leaves.len() {
            // A pinned leaf guards another version: here it changes nothing, and must not.
            if leaves[left_out].pin.is_some() {
                self.verdict.pinned += 1;
            }
            let mut values = json!({});
            for (_, leaf) in leaves.iter().enumerate().filter(|(i, _)| *i != left_out) {
                leaf.path.set(&mut values, leaf.value.clone());
            }
            self.verdict.leaves += 1;
            self.renders += 1;
            // A render that is refused without the leaf has changed as well.
            let Ok(text) = helm.template(&[team, &values]) else { continue };
            let mut without = Rendered::parse(&text)?;
            without.mask_noise(noise[0], noise[1]);
            let pinned = leaves[left_out].pin.is_some();
            if pinned && without != *with {
                let path = &leaves[left_out].path;
                self.verdict
                    .mismatches
                    .push(format!("{at}: {path} is pinned, and without it the render differs"));
            }
            if without == *with && !pinned {
                let path = &leaves[left_out].path;
                self.verdict.dead.push(format!("{at}: without {path} the render is the same"));
            }
        }
        Ok(())
    }
}

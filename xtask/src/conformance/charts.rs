//! Compiled overlays against what real Helm renders of real charts.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use lifeboat::catalogue::compose::Facts;
use lifeboat::catalogue::conform::{
    Rendered, Site, Verdict, against_render, compile, everything, profile_values,
};
use lifeboat::catalogue::{Catalogue, ValuePath};
use lifeboat::source::SourceMap;
use semver::Version;
use serde_json::{Value, json};

use super::Args;
use super::helm::Helm;
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
    let mut run = Run::new(&folder, args)?;
    for path in sorted(&folder)? {
        let Some((chart, version)) = named(&path) else { continue };
        let file = format!("{chart}-{version}");
        if args.only.as_ref().is_none_or(|prefix| file.starts_with(prefix.as_str())) {
            run.chart(&path, &chart, &version)?;
        }
    }
    if run.versions == 0 {
        return Err(format!("{} holds no charts", folder.display()).into());
    }
    let figures = format!("{} versions, {} renders", run.versions, run.renders);
    Ok(super::print(&run.verdict, &figures))
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

struct Run<'a> {
    args: &'a Args,
    policy: String,
    catalogue: Catalogue,
    profiles: Vec<Facts>,
    scratch: PathBuf,
    versions: usize,
    renders: usize,
    verdict: Verdict,
}

impl<'a> Run<'a> {
    fn new(folder: &Path, args: &'a Args) -> Result<Self, Box<dyn Error>> {
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
        let scratch = std::env::temp_dir().join(format!("lifeboat-conformance-{}", std::process::id()));
        fs::create_dir_all(&scratch)?;
        Ok(Self {
            args,
            policy: fs::read_to_string("policy.toml")?,
            catalogue,
            profiles: read_facts(Path::new(FACTS))?,
            scratch,
            versions: 0,
            renders: 0,
            verdict: Verdict::default(),
        })
    }

    /// Every policy and profile of one packaged chart.
    fn chart(&mut self, path: &Path, chart: &str, version: &Version) -> Result<(), Box<dyn Error>> {
        let mut sources = SourceMap::default();
        let known = self.catalogue.chart(&mut sources, chart).map_err(|d| d.message)?;
        let Some(line) = known.lines.iter().find(|line| line.range.contains(version)) else {
            println!("{chart} {version}: outside the catalogue's range, left out");
            return Ok(());
        };
        let repository = line.name.clone();
        let edition = known.at(version, Some(&repository)).map_err(|d| d.message)?;
        self.versions += 1;
        let before = (self.renders, self.verdict.mismatches.len());
        for (what, values, whole) in self.profiles(chart, version) {
            let mut policies = Vec::new();
            if whole {
                policies.push(("shipped policy".to_owned(), self.policy.clone()));
            }
            policies.push((format!("everything, profile {what}"), everything(&edition, &values)));
            for (what, policy) in policies {
                if !policy.contains(&format!("chart = \"{chart}\"")) {
                    continue;
                }
                match compile(&self.catalogue, &policy, chart, version, Some(&repository), &values) {
                    Ok(site) => self.site(path, &site, &values, &what)?,
                    Err(lines) => {
                        let lines = lines.iter().map(|line| format!("{chart} {version} ({what}): {line}"));
                        self.verdict.mismatches.extend(lines);
                    }
                }
            }
        }
        let wrong = self.verdict.mismatches.len() - before.1;
        println!("{chart} {version}: {} renders, {wrong} mismatches", self.renders - before.0);
        Ok(())
    }

    /// Values that switch components on, by profile; the first one is also the shipped policy's.
    fn profiles(&self, chart: &str, version: &Version) -> Vec<(String, Value, bool)> {
        let mine = self.profiles.iter().filter(|facts| facts.chart == chart);
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
            if i == 0 && !self.args.quick {
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
            if without == *with {
                let path = &leaves[left_out].path;
                self.verdict.dead.push(format!("{at}: without {path} the render is the same"));
            }
        }
        Ok(())
    }
}

impl Drop for Run<'_> {
    fn drop(&mut self) {
        // The folder holds values files only; one that stays is no harm.
        let _ = fs::remove_dir_all(&self.scratch);
    }
}

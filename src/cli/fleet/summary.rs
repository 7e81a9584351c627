//! The end of a fleet's report: sites of equal standing, the worst first, and what sets them apart.

use lifeboat::fleet::{Group, Share, Site, Standing, cause, groups};
use serde_json::json;

use super::super::context::{Context, Files, Format};
use super::site::{self, Told};

/// Sites that a line names.
const MOST_NAMED: usize = 4;
/// Groups for which the line that sets them apart is looked for.
const MOST_SEARCHED: usize = 8;

pub(super) fn print(context: &Context, share: &Share, told: Vec<Told>) {
    let sites: Vec<Site> = told.into_iter().map(|told| told.site).collect();
    let groups = groups(&sites);
    let lines: Vec<Line> = groups
        .iter()
        .enumerate()
        .map(|(index, group)| Line {
            group,
            apart: if index < MOST_SEARCHED { apart(share, &sites, group, &groups) } else { Vec::new() },
        })
        .collect();
    if context.format == Format::Json {
        let groups: Vec<_> = lines.iter().map(|line| line.json(&sites)).collect();
        anstream::println!("{}", json!({"summary": {"sites": sites.len(), "groups": groups}}));
        return;
    }
    anstream::println!("\n{} sites", sites.len());
    let width = lines.iter().map(|line| line.group.standing.word().len()).max().unwrap_or(0);
    let digits = sites.len().to_string().len();
    for line in &lines {
        let Group { standing, sites: members, .. } = line.group;
        anstream::println!(" {:width$}  {:digits$}  {}", standing.word(), members.len(), line.text(&sites));
    }
}

struct Line<'a> {
    group: &'a Group,
    apart: Vec<String>,
}

impl Line<'_> {
    fn text(&self, sites: &[Site]) -> String {
        let mut text = self.names(sites);
        if !self.group.because.is_empty() {
            text.push_str(&format!("  {}", self.group.because.join("; ")));
        }
        if !self.apart.is_empty() {
            text.push_str(&format!("  [differs by {}]", self.apart.join(", ")));
        }
        text
    }

    fn names(&self, sites: &[Site]) -> String {
        let named: Vec<&str> =
            self.group.sites.iter().take(MOST_NAMED).map(|&site| name(&sites[site])).collect();
        match self.group.sites.len().saturating_sub(MOST_NAMED) {
            0 => named.join(", "),
            more => format!("{} and {more} more", named.join(", ")),
        }
    }

    fn json(&self, sites: &[Site]) -> serde_json::Value {
        let members: Vec<&str> = self.group.sites.iter().map(|&site| sites[site].policy.as_str()).collect();
        json!({"standing": self.group.standing.word(), "because": self.group.because,
            "differsBy": self.apart, "sites": members})
    }
}

/// The cluster's name, or the file's where there is none.
fn name(site: &Site) -> &str {
    if site.cluster.is_empty() { &site.policy } else { &site.cluster }
}

/// The paths that set a group apart from the best group: its first site is given the values of that group's first site,
/// and judged again.
fn apart(share: &Share, sites: &[Site], group: &Group, groups: &[Group]) -> Vec<String> {
    let best = groups.last().filter(|best| best.standing > group.standing && best.standing >= Standing::Open);
    let Some(best) = best else { return Vec::new() };
    let (Some(&here), Some(&there)) = (group.sites.first(), best.sites.first()) else { return Vec::new() };
    if group.because == best.because {
        return Vec::new();
    }
    let tree = |site: usize| share.tree(&Files, &sites[site].policy);
    let (Some(from), Some(to)) = (tree(here), tree(there)) else { return Vec::new() };
    cause::paths(&from, &to, &best.because, |tree| site::judge(share, &sites[here].policy, tree))
}

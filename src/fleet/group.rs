//! Sites of equal standing, the worst first.

use std::collections::BTreeMap;

use super::site::{Site, Standing};

/// Sites that stand alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// How they stand.
    pub standing: Standing,
    /// What they have in common: claims that are not proved, codes of errors.
    pub because: Vec<String>,
    /// Indices of the sites, in order.
    pub sites: Vec<usize>,
}

/// Groups of sites: the worst standing first, then by what they have in common.
#[must_use]
pub fn groups(sites: &[Site]) -> Vec<Group> {
    let mut found: BTreeMap<(Standing, Vec<String>), Vec<usize>> = BTreeMap::new();
    for (index, site) in sites.iter().enumerate() {
        found.entry((site.standing, site.signature())).or_default().push(index);
    }
    let group = |((standing, because), sites)| Group { standing, because, sites };
    found.into_iter().map(group).collect()
}

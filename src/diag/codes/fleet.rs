//! Codes of fleets: what concerns several sites at once.

super::codes! {
    NO_POLICY = "no-policy", Error,
        "A folder that was named as a fleet has no site in it.",
        "A folder stands for the policies in it: `*.toml`, and `policy.toml` of each folder below it, less those that another one extends, because a base is no site.",
        "Name the folder that holds the sites, or the policies themselves.";
    SHARED_OUTPUT = "shared-output", Error,
        "Two sites of a fleet have the same output folder.",
        "A build removes from its folder what it no longer writes. Two sites in one folder would remove each other's files.",
        "Give each site its own folder. `output = \"../golden/{cluster}\"` in the base does it for all of them.";
    FLEET_DISAGREES = "fleet-disagrees", Error,
        "Sites of one fleet cannot share an ApplicationSet.",
        "One ApplicationSet has one project, one sync policy and one repository for all its sites, and each site is a cluster of its own. Two sites with one destination would be installed over each other.",
        "State what they share in the base and `argocd.destination` in each site, or give them different folders with `argocd.fleet`.";
    FLEET_TOO_LARGE = "fleet-too-large", Error,
        "An ApplicationSet would be larger than the API server can store.",
        "etcd refuses requests of more than 1.5 MiB. A list of some thousands of sites is as large.",
        "Give the sites of each region an `argocd.fleet` of their own.";
    FLEET_INCOMPLETE = "fleet-incomplete", Warning,
        "The fleet's ApplicationSets were left as they are, because not all of its sites are here.",
        "An ApplicationSet lists all sites: one that is written from some of them would take the others' Applications away, and with them what runs there. So it is written only if every site of the last build either compiles now or has no policy any more.",
        "Name the whole folder, and mend the sites that are broken.";
    SITE_REMOVED = "site-removed", Warning,
        "A site of the last build has no policy any more, and leaves the ApplicationSets.",
        "Once the new sets are applied, Argo CD deletes the site's Applications with everything that they installed. Its output folder belongs to a policy that is gone, so no build touches it.",
        "If the site is to stay, bring its policy back before the sets are committed. If it is to go, delete its output folder too: `git rm -r FOLDER`.";
}

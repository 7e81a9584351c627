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
}

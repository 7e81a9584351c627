//! Codes of the catalogue area.

super::codes! {
    UNKNOWN_CHART = "unknown-chart", Error,
        "The catalogue has no chart of that name.",
        "Chart knowledge is data: one file per chart, built in or in a folder beside the policy. Without it nothing is known of the chart's pods or values, and Helm ignores wrong values in silence.",
        "Use one of the charts that the message lists, or add a file for this one (`lifeboat charts probe` writes its first version).";
    UNKNOWN_CHART_VERSION = "unknown-chart-version", Error,
        "The catalogue does not know this version of the chart.",
        "Values paths move between major versions. A path that held in one version may reach nothing in another, and Helm does not say so.",
        "Use a version in the range that the message names, or learn this one from the chart itself, beside the policy: `helm pull CHART --repo URL --version VERSION`, `lifeboat charts probe CHART-VERSION.tgz --repository URL > charts/CHART.toml`, and `charts = \"charts\"` in `[cluster]`. The file then speaks for that version instead of the built-in one.";
    CHART_UNTESTED = "chart-untested", Warning,
        "The chart version is newer than any that the catalogue was compared with.",
        "Within a known major version, values paths rarely change, so the newest known facts are used. They were not compared with this version.",
        "Run the conformance check for this version, or use the newest tested one.";
    AMBIGUOUS_CHART_REPOSITORY = "ambiguous-chart-repository", Error,
        "Two repositories serve this version of the chart with different content.",
        "Loki's chart moved: two lines of it share version numbers, so that a version alone names no chart.",
        "State the service's `repository` as one of those that the message lists.";
    UNKNOWN_CHART_REPOSITORY = "unknown-chart-repository", Error,
        "The catalogue does not know this chart from that repository.",
        "Two repositories can serve different charts under one name and version. What the catalogue says of one need not hold for the other.",
        "Use one of the repositories that the message lists, or leave `repository` out.";
    BAD_CATALOGUE = "bad-catalogue", Error,
        "A catalogue file has a mistake.",
        "The catalogue decides which values are written. A slip in it would be a value that reaches nothing, so its form is checked as strictly as the policy's.",
        "Mend the place that the message names; docs/catalogue.md describes the form.";
    CATALOGUE_GAP = "catalogue-gap", Error,
        "A value of the catalogue that depends on the version leaves versions out.",
        "Guarded values cover the chart's whole range, so that every version in it has exactly one answer.",
        "Add the missing range, or `none = true` for it.";
    CATALOGUE_OVERLAP = "catalogue-overlap", Error,
        "A value of the catalogue that depends on the version has two answers for a version.",
        "Guarded values cover the chart's whole range, so that every version in it has exactly one answer. Ranges are half-open: `until` is the first version that is out.",
        "Let one range end where the next begins.";
}

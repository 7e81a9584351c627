//! Codes of the render: what Helm says, and values that reach nothing.

super::codes! {
    HELM_FAILED = "helm-failed", Error,
        "Helm did not render the chart.",
        "lifeboat runs `helm template` with the team's values files and the overlay last. The message is Helm's own.",
        "Mend what Helm complains about; `helm template` with the same files shows the same message.";
    CHART_MISSING = "chart-missing", Error,
        "The chart is not on this machine, or is another one than the policy names.",
        "lifeboat never uses the network. It looks for `<chart>-<version>.tgz` in the folder given by `--charts`, else in its cache.",
        "`helm pull CHART --repo URL --version VERSION --destination DIR`, then `lifeboat render --charts DIR`.";
    DEAD_VALUE = "dead-value", Warning,
        "A key of a values file changes nothing.",
        "Helm passes unknown keys to a chart without a word. This one is not among the chart's defaults, and the render is the same byte for byte without it, so that no template reads it.",
        "Use the path that the finding names, or delete the key.";
    DEAD_OVERLAY_VALUE = "dead-overlay-value", Error,
        "A value of the overlay changes nothing in the new version of the chart.",
        "The overlay was made for the old version. There it does something; in the new one the render is the same byte for byte without it: the path is gone, or something else wins.",
        "Put the new version into the policy and build again; if the catalogue does not know it, probe it first with `lifeboat charts probe`.";
}

//! Codes of the manifest area: documents that could not be read.

super::codes! {
    UNREADABLE_DOCUMENT = "unreadable-document", Error,
        "A document of the input is no Kubernetes object.",
        "It is not YAML as Go reads it, exceeds a limit, or has no kind. Nothing is skipped in silence: whatever is not read is said, because what was not read was not verified.",
        "Mend the document, or leave the file out. Helm templates have to be rendered first.";
    UNREADABLE_INPUT = "unreadable-input", Error,
        "An input file cannot be read.",
        "It is not there, or may not be opened.",
        "Name the right file.";
    NO_OBJECTS = "no-objects", Error,
        "The input holds no Kubernetes object at all.",
        "An empty pipe is more often a failed `helm template` than a cluster without workloads, so it does not count as fine.",
        "Look at what the first command printed; with `set -o pipefail` the shell does so for you.";
}

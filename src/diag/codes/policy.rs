//! Codes of the policy area.

super::codes! {
    UNKNOWN_KEY = "unknown-key", Error,
        "A table has a key that lifeboat does not know.",
        "An ignored key is a wish that nobody hears, so lifeboat ignores none. Most are slips of the pen; the message names the nearest key.",
        "Use the key that the message suggests, or one of `docs/policy.md`; an editor with the JSON Schema completes them.";
    WRONG_TYPE = "wrong-type", Error,
        "A value has another TOML type than its key wants.",
        "TOML tells strings, integers, booleans, lists and tables apart, and so does lifeboat: `\"4\"` and `4` are not the same.",
        "Write the type that the message names.";
    UNKNOWN_WORD = "unknown-word", Error,
        "A value is none of the words that its key allows.",
        "Keys with few meanings take one of a few words, spelt exactly.",
        "Use one of the words that the message lists.";
    BAD_VALUE = "bad-value", Error,
        "A value has the right type but cannot be.",
        "Quantities, durations, taints, labels and numbers have a syntax and a range, mostly those of Kubernetes.",
        "Write it in the form that the message shows.";
    BAD_NAME = "bad-name", Error,
        "A name is not one that Kubernetes accepts.",
        "Names of nodes, services, tiers and namespaces end up as names of Kubernetes objects, as file names and as arguments of commands, so they must be RFC 1123 labels (nodes: subdomains).",
        "Use lower-case letters, digits and `-`, with a letter or digit at both ends.";
}

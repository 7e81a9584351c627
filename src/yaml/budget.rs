//! How much one input may cost.

/// Limits of one reading. Exceeding one is an [`Error`](super::Error) with its place, never a slow
/// death: each limit is far above what a cluster accepts (etcd refuses objects over 1.5 MiB).
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    /// Bytes of one YAML document.
    pub document_bytes: usize,
    /// Bytes of one JSON document; larger, because `kubectl get -o json` puts a whole cluster in one.
    pub json_bytes: usize,
    /// Bytes of one scalar.
    pub scalar_bytes: usize,
    /// Nodes of one document's tree, with aliases written out.
    pub nodes: usize,
    /// Bytes of all scalars of one document's tree, with aliases written out.
    pub expanded_bytes: usize,
    /// Nesting of maps and lists.
    pub depth: usize,
    /// `[ ] { } ,` in one YAML document: the parser looks ahead over a whole flow collection, so that
    /// its memory grows with their number before it has said anything.
    pub flow_marks: usize,
    /// Documents of one stream.
    pub documents: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            document_bytes: 32 << 20,
            json_bytes: 128 << 20,
            scalar_bytes: 8 << 20,
            nodes: 8_000_000,
            expanded_bytes: 160 << 20,
            depth: 128,
            flow_marks: 2_000_000,
            documents: 500_000,
        }
    }
}

//! Whether the control plane decides anything at all.
//!
//! Running pods need no API server. Without one nothing is detected, tainted, evicted, replaced or
//! scheduled; every pod stays as it is, and pods that die with their node stay dead.

/// Where a K3s server keeps its state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Datastore {
    /// A file on the only server.
    Sqlite,
    /// Embedded etcd: needs a majority of the servers.
    Etcd,
    /// A database elsewhere, assumed to stay up: any one server suffices.
    External,
}

/// Servers needed out of `servers` for the API to answer.
#[must_use]
pub fn quorum(datastore: Datastore, servers: u32) -> u32 {
    match datastore {
        Datastore::Etcd => servers / 2 + 1,
        Datastore::Sqlite | Datastore::External => 1,
    }
}

/// Whether the API answers with `up` of `servers` servers. A cluster that names no server (a managed
/// control plane, a dump without it) is taken to have one outside.
#[must_use]
pub fn available(datastore: Datastore, servers: u32, up: u32) -> bool {
    servers == 0 || up >= quorum(datastore, servers)
}

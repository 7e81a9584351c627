//! Kubernetes objects out of rendered manifests and dumps: YAML and JSON, many documents, `List` objects.
//!
//! A [`Source`] hands out chunks of text, [`read_chunk`] turns one into [`Object`]s; chunks are
//! independent, so that many can be read at once. Nothing is dropped in silence: each document ends as
//! objects, as *skipped* kinds (counted by name), as empty, or as a [`Refusal`] with its place. The
//! payload of Secrets and ConfigMaps is dropped here, before anybody can print it.

mod kinds;
mod native;
mod object;
mod read;
mod reloader;

pub use kinds::{Role, role};
pub use native::{native, path_of, pod_spec_path};
pub use object::{Object, Origin};
pub use read::{Counts, Outcome, Refusal, read_all, read_chunk};
pub use reloader::{RELOADER, Reloader};

/// Chunks of a named stream.
pub type Source<R> = crate::yaml::stream::Chunks<R>;

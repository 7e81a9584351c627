//! To be written: see `docs/architecture.md`.

pub mod argocd;
pub mod cluster;
pub mod k3s;
pub mod quota;
pub mod recovery;
pub mod scripts;
pub mod template;

//! To be written: see `docs/architecture.md`.

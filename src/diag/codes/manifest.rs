//! Codes of the manifest area.

super::codes! {}

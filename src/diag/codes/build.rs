//! Codes of the build area.

super::codes! {}

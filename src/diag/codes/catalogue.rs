//! Codes of the catalogue area.

super::codes! {}

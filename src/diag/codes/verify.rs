//! Codes of the verify area.

super::codes! {}

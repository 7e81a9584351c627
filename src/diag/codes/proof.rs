//! Codes of the proof area.

super::codes! {}

//! Codes of the policy area.

super::codes! {}

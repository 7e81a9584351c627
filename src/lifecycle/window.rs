//! Intervals of time. Kubernetes' clocks are not synchronised with a failure, so every instant after
//! one is known only up to an interval; sums of waits are sums of intervals.

use std::fmt;
use std::ops::Add;

/// Milliseconds since the start of a story, or a length of time.
pub type Millis = u64;

/// A closed interval `[earliest, latest]` in milliseconds. `latest` is `None` when nothing that
/// Kubernetes does on its own brings the event about: it waits for a person, or for a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Window {
    /// Not before.
    pub earliest: Millis,
    /// Not after; `None`: never by itself.
    pub latest: Option<Millis>,
}

impl Window {
    /// The start of the story, or no wait at all.
    pub const ZERO: Self = Self { earliest: 0, latest: Some(0) };

    /// Exactly at `at`.
    #[must_use]
    pub fn at(at: Millis) -> Self {
        Self { earliest: at, latest: Some(at) }
    }

    /// Between `earliest` and `latest`; swapped bounds are put in order.
    #[must_use]
    pub fn between(earliest: Millis, latest: Millis) -> Self {
        Self { earliest: earliest.min(latest), latest: Some(earliest.max(latest)) }
    }

    /// Any time from `earliest` on, or never.
    #[must_use]
    pub fn from(earliest: Millis) -> Self {
        Self { earliest, latest: None }
    }

    /// Whether `at` may be the instant.
    #[must_use]
    pub fn contains(self, at: Millis) -> bool {
        self.earliest <= at && self.latest.is_none_or(|l| at <= l)
    }

    /// Both events have happened: the later of the two.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            earliest: self.earliest.max(other.earliest),
            latest: self.latest.zip(other.latest).map(|(a, b)| a.max(b)),
        }
    }

    /// Either event has happened: the earlier of the two.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            earliest: self.earliest.min(other.earliest),
            latest: match (self.latest, other.latest) {
                (Some(a), Some(b)) => Some(a.min(b)),
                (a, b) => a.or(b),
            },
        }
    }

    /// Lets the interval reach at least `latest`; `None`: without an end.
    #[must_use]
    pub fn until(self, latest: Option<Millis>) -> Self {
        Self { latest: self.latest.zip(latest).map(|(a, b)| a.max(b)), ..self }
    }

    /// Lets the interval grow by `slack` on its late side.
    #[must_use]
    pub fn late(self, slack: Millis) -> Self {
        Self { latest: self.latest.map(|l| l.saturating_add(slack)), ..self }
    }
}

impl Add for Window {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self {
            earliest: self.earliest.saturating_add(other.earliest),
            latest: self.latest.zip(other.latest).map(|(a, b)| a.saturating_add(b)),
        }
    }
}

/// Whole seconds, rounded outwards: `41-52 s`, `300 s`, `from 40 s`.
impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let low = self.earliest / 1000;
        match self.latest.map(|l| l.div_ceil(1000)) {
            None => write!(f, "from {low} s"),
            Some(high) if high == low => write!(f, "{low} s"),
            Some(high) => write!(f, "{low}-{high} s"),
        }
    }
}

//! Why a text could not be read.

use crate::yaml::Place;

/// Which kind of failure it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// Not UTF-8, or the input broke off.
    Encoding,
    /// Not YAML.
    Syntax,
    /// YAML that Go refuses to turn into JSON.
    Refused,
    /// Over one of the limits of [`Budget`](crate::yaml::Budget).
    Budget,
}

/// A text could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// Which kind of failure.
    pub kind: ErrorKind,
    /// Where it was noticed.
    pub at: Place,
    /// One line, lower case, no full stop.
    pub message: String,
    /// What to do about it, if that is known.
    pub help: Option<String>,
}

impl Error {
    pub(in crate::yaml) fn new(kind: ErrorKind, at: Place, message: impl Into<String>) -> Self {
        Self { kind, at, message: message.into(), help: None }
    }

    pub(in crate::yaml) fn budget(at: Place, message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Budget, at, message)
    }

    pub(in crate::yaml) fn refused(at: Place, message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Refused, at, message)
    }

    pub(in crate::yaml) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.at, self.message)
    }
}
impl std::error::Error for Error {}

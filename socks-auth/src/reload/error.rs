use std::{
    borrow::Cow,
    error::Error,
    fmt, io,
    path::{Path, PathBuf},
};

/// A file could not be used. Shown as `FILE:LINE: what was expected`, without anything of what is
/// in the file (`SE-34`).
#[derive(Debug)]
pub struct LoadError {
    path: PathBuf,
    cause: Cause,
}

#[derive(Debug)]
enum Cause {
    Io(io::Error),
    Content(Expected),
}

/// What was expected, and in which line.
#[derive(Debug)]
pub(crate) struct Expected {
    /// From 1. None if it is about the whole file.
    pub(crate) line: Option<usize>,
    pub(crate) what: Cow<'static, str>,
}

impl Expected {
    pub(crate) fn anywhere(what: impl Into<Cow<'static, str>>) -> Self {
        Self {
            line: None,
            what: what.into(),
        }
    }

    pub(crate) fn at(line: usize, what: impl Into<Cow<'static, str>>) -> Self {
        Self {
            line: Some(line),
            what: what.into(),
        }
    }
}

impl LoadError {
    pub(super) fn io(path: &Path, error: io::Error) -> Self {
        Self {
            path: path.into(),
            cause: Cause::Io(error),
        }
    }

    pub(super) fn content(path: &Path, expected: Expected) -> Self {
        Self {
            path: path.into(),
            cause: Cause::Content(expected),
        }
    }

    /// Whether it is about reading the file, not about what is in it.
    pub(super) fn is_io(&self) -> bool {
        matches!(self.cause, Cause::Io(_))
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Number of the line, from 1, if it is about one.
    pub fn line(&self) -> Option<usize> {
        match &self.cause {
            Cause::Content(expected) => expected.line,
            Cause::Io(_) => None,
        }
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.path.display())?;
        match &self.cause {
            Cause::Io(error) => write!(f, " cannot be read: {error}"),
            Cause::Content(Expected { line, what }) => {
                if let Some(line) = line {
                    write!(f, "{line}:")?;
                }
                write!(f, " {what}")
            }
        }
    }
}

impl Error for LoadError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.cause {
            Cause::Io(error) => Some(error),
            Cause::Content(_) => None,
        }
    }
}

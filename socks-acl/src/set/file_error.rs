use std::{error::Error, fmt, io};

pub(super) type BoxError = Box<dyn Error + Send + Sync>;

/// A file of entries cannot be used. What was expected of an entry is the [`source`](Error::source).
#[derive(Debug)]
pub struct FileError {
    line: Option<u64>,
    kind: Kind,
}

#[derive(Debug)]
pub(super) enum Kind {
    Io(io::Error),
    NoFile,
    Empty,
    LineTooLong(usize),
    TooLong(u64),
    TooManyEntries(usize),
    NotUtf8,
    Entry(BoxError),
}

impl FileError {
    pub(super) const fn new(line: Option<u64>, kind: Kind) -> Self {
        Self { line, kind }
    }

    /// The line, counted from 1, if the file could be opened.
    pub const fn line(&self) -> Option<u64> {
        self.line
    }
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}: ")?;
        }
        match &self.kind {
            Kind::Io(_) => f.write_str("the file cannot be read"),
            Kind::NoFile => f.write_str("not a file"),
            Kind::Empty => {
                f.write_str("the file is empty, expected a comment if no entry is meant")
            }
            Kind::LineTooLong(max) => write!(f, "over {max} octets in a line"),
            Kind::TooLong(max) => write!(f, "over {max} octets in the file"),
            Kind::TooManyEntries(max) => write!(f, "over {max} entries in the file"),
            Kind::NotUtf8 => f.write_str("not UTF-8"),
            Kind::Entry(_) => f.write_str("not an entry of this list"),
        }
    }
}

impl Error for FileError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.kind {
            Kind::Io(error) => Some(error),
            Kind::Entry(error) => Some(&**error),
            _ => None,
        }
    }
}

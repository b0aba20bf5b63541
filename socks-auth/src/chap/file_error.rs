use std::{error::Error, fmt, io, path::PathBuf};

/// Why a file of secrets was not taken. It holds nothing of the file's content.
#[derive(Debug)]
pub struct ChapFileError {
    pub(super) path: PathBuf,
    pub(super) line: Option<usize>,
    pub(super) kind: ChapFileErrorKind,
    pub(super) source: Option<io::Error>,
}

/// What is wrong with a file of secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ChapFileErrorKind {
    /// It cannot be read.
    Io,
    /// It is not a regular file.
    NotAFile,
    /// Group or others may do something with it.
    Permissions,
    /// It belongs to somebody who is neither this process's user nor root.
    Owner,
    /// It has more than 16 MiB.
    TooLarge,
    /// A line has no colon.
    NoColon,
    /// A user name is empty or longer than 255 octets.
    Name,
    /// A secret is empty or longer than 255 octets.
    Secret,
    /// A user name stands there twice.
    Duplicate,
    /// It lists nobody, as a file does that is just being written.
    Empty,
}

impl ChapFileError {
    /// What is wrong.
    pub const fn kind(&self) -> ChapFileErrorKind {
        self.kind
    }

    /// The line that is wrong, from 1.
    pub const fn line(&self) -> Option<usize> {
        self.line
    }
}

impl fmt::Display for ChapFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path.display())?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        f.write_str(match self.kind {
            ChapFileErrorKind::Io => ": cannot be read",
            ChapFileErrorKind::NotAFile => ": not a regular file",
            ChapFileErrorKind::Permissions => {
                ": group and others must have no access to secrets (chmod 600)"
            }
            ChapFileErrorKind::Owner => ": belongs to neither this user nor root",
            ChapFileErrorKind::TooLarge => ": more than 16 MiB",
            ChapFileErrorKind::NoColon => ": no colon; expected name:secret",
            ChapFileErrorKind::Name => ": user name of 0 or more than 255 octets",
            ChapFileErrorKind::Secret => ": secret of 0 or more than 255 octets",
            ChapFileErrorKind::Duplicate => ": this user is listed above",
            ChapFileErrorKind::Empty => ": lists no users",
        })
    }
}

impl Error for ChapFileError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_ref().map(|source| source as _)
    }
}

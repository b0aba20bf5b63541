use std::{
    fs::{File, OpenOptions},
    io::{self, Write},
    path::PathBuf,
};

/// When lines have to be on the disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Durability {
    /// When the system thinks fit; what it has not written is lost if the machine stops.
    #[default]
    System,
    /// After each batch (`fdatasync`): what was waiting together is on the disk before more is
    /// written. It costs a write of the disk's for each, so a slow one means longer batches.
    Batch,
}

/// Where lines go.
pub(super) enum Target {
    File {
        path: PathBuf,
        mode: u32,
        file: File,
    },
    Write(Box<dyn Write + Send>),
}

impl Target {
    pub(super) fn file(path: PathBuf, mode: u32) -> io::Result<Self> {
        let file = open(&path, mode)?;
        Ok(Self::File { path, mode, file })
    }

    pub(super) fn write(write: Box<dyn Write + Send>) -> Self {
        Self::Write(write)
    }

    /// Goes on in the file that has the name now. If that cannot be opened, in the one from before.
    pub(super) fn reopen(&mut self) -> io::Result<()> {
        if let Self::File { path, mode, file } = self {
            *file = open(path, *mode)?;
        }
        Ok(())
    }

    pub(super) fn put(&mut self, lines: &[u8], durability: Durability) -> io::Result<()> {
        match self {
            Self::File { file, .. } => {
                file.write_all(lines)?;
                match durability {
                    Durability::System => Ok(()),
                    Durability::Batch => file.sync_data(),
                }
            }
            Self::Write(write) => {
                write.write_all(lines)?;
                write.flush()
            }
        }
    }
}

fn open(path: &PathBuf, mode: u32) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    #[cfg(not(unix))]
    let _ = mode;
    options.open(path)
}

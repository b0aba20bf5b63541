use std::{
    fmt, io,
    path::{Path, PathBuf},
};

use super::{Durability, LineWriter, file::Target};

/// Settings of a [`LineWriter`].
#[must_use = "a builder does nothing until it builds"]
pub struct LineWriterBuilder {
    target: Destination,
    queue: usize,
    durability: Durability,
    mode: u32,
}

enum Destination {
    File(PathBuf),
    Write(Box<dyn io::Write + Send>),
}

impl LineWriterBuilder {
    pub(super) fn file(path: &Path) -> Self {
        Self::new(Destination::File(path.into()))
    }

    pub(super) fn write(write: impl io::Write + Send + 'static) -> Self {
        Self::new(Destination::Write(Box::new(write)))
    }

    fn new(target: Destination) -> Self {
        Self {
            target,
            queue: 8192,
            durability: Durability::System,
            mode: 0o640,
        }
    }

    /// Lines that may wait to be written, 8192 by default and at least 1; one more is dropped and
    /// counted. A line of this crate has about 500 octets, and 32 KiB if every name in it is as
    /// long and as strange as can be.
    pub fn queue(mut self, lines: usize) -> Self {
        self.queue = lines.max(1);
        self
    }

    /// When lines have to be on the disk.
    pub fn durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }

    /// Permissions of a file that is created, on unix; `0o640` by default, before the process's mask.
    pub fn mode(mut self, mode: u32) -> Self {
        self.mode = mode;
        self
    }

    /// Opens the file and starts the thread.
    ///
    /// # Errors
    ///
    /// The system's, if either does not work.
    pub fn build(self) -> io::Result<LineWriter> {
        let target = match self.target {
            Destination::File(path) => Target::file(path, self.mode)?,
            Destination::Write(write) => Target::write(write),
        };
        LineWriter::start(target, self.queue, self.durability)
    }
}

impl fmt::Debug for LineWriterBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LineWriterBuilder")
            .field("queue", &self.queue)
            .field("durability", &self.durability)
            .finish_non_exhaustive()
    }
}

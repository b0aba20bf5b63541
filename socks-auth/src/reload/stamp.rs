use std::{
    fs::Metadata,
    time::{Duration, SystemTime},
};

/// What tells one state of a file from the next without reading it.
///
/// The device and inode change when the file is replaced, as editors and ConfigMaps do it, and the
/// change time with whatever else is done to it, also when its own times are set back (`cp -p`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    inode: (u64, u64),
    length: u64,
    modified: Option<SystemTime>,
    changed: (i64, i64),
}

/// Clocks of file systems are this coarse at worst.
const COARSE: Duration = Duration::from_secs(2);

impl Stamp {
    pub(super) fn new(metadata: &Metadata) -> Self {
        #[cfg(unix)]
        let (inode, changed) = {
            use std::os::unix::fs::MetadataExt;
            (
                (metadata.dev(), metadata.ino()),
                (metadata.ctime(), metadata.ctime_nsec()),
            )
        };
        #[cfg(not(unix))]
        let (inode, changed) = ((0, 0), (0, 0));
        Self {
            inode,
            length: metadata.len(),
            modified: metadata.modified().ok(),
            changed,
        }
    }

    /// Whether it may change once more and keep this stamp, since the clock has not moved on.
    pub(super) fn is_fresh(&self) -> bool {
        let age = |modified| SystemTime::now().duration_since(modified);
        match self.modified.map(age) {
            Some(Ok(age)) => age < COARSE,
            // Clocks that do not agree.
            Some(Err(ahead)) => ahead.duration() < COARSE,
            None => false,
        }
    }
}

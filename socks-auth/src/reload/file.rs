use std::{
    fmt,
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use arc_swap::ArcSwap;
use sha2::{Digest as _, Sha256};
use tokio::task;
use tracing::{debug, info, warn};

use super::{Expected, LoadError, Watch, stamp::Stamp};

type Parse<T> = dyn Fn(&[u8]) -> Result<T, Expected> + Send + Sync;

type OnChange = dyn Fn() + Send + Sync;

/// What a file says, replaced as a whole when the file changes, and kept when it is broken.
pub(crate) struct Reloaded<T> {
    path: PathBuf,
    parse: Box<Parse<T>>,
    current: ArcSwap<T>,
    told: Mutex<Vec<Arc<OnChange>>>,
    /// Held while the file is read, so that an older state never replaces a newer one.
    seen: Mutex<Seen>,
}

/// What the last look at the file found.
struct Seen {
    /// The state that was read last, well or not.
    read: Option<Stamp>,
    /// Whether that state was so new that what was read may not be all of it.
    fresh: bool,
    /// Digest of what is in force.
    content: Digest,
    /// A change that is watched until it stays.
    settling: Option<Stamp>,
    /// Whether it has been said that the file cannot be read.
    unreadable: bool,
}

impl Seen {
    /// Says it once, until the file is read.
    fn tell_unreadable(&mut self, error: &LoadError) {
        if !self.unreadable {
            warn!(%error, "what was read before stays in force");
        }
        self.unreadable = true;
    }
}

type Digest = [u8; 32];

fn digest(content: &[u8]) -> Digest {
    Sha256::digest(content).into()
}

/// In octets: some fifty thousand users.
const MAX_LENGTH: u64 = 4 * 1024 * 1024;

impl<T: Send + Sync + 'static> Reloaded<T> {
    /// Reads the file, which must be there and be sound. Blocks.
    pub(crate) fn open(
        path: PathBuf,
        parse: impl Fn(&[u8]) -> Result<T, Expected> + Send + Sync + 'static,
    ) -> Result<Self, LoadError> {
        let (content, stamp) = read(&path)?;
        let current = parse(&content).map_err(|expected| LoadError::content(&path, expected))?;
        Ok(Self {
            current: ArcSwap::from_pointee(current),
            parse: Box::new(parse),
            told: Mutex::default(),
            seen: Mutex::new(Seen {
                read: Some(stamp),
                fresh: stamp.is_fresh(),
                content: digest(&content),
                settling: None,
                unreadable: false,
            }),
            path,
        })
    }

    pub(crate) fn current(&self) -> Arc<T> {
        self.current.load_full()
    }

    /// Calls `told` whenever something else is in force.
    pub(crate) fn on_change(&self, told: impl Fn() + Send + Sync + 'static) {
        let mut all = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        all.push(Arc::new(told));
    }

    fn tell(&self) {
        let told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        // A copy, so that one of them may add another.
        let all = told.clone();
        drop(told);
        all.iter().for_each(|told| told());
    }

    /// Reads the file now, whether it has changed or not.
    pub(crate) async fn reload(self: Arc<Self>) -> Result<(), LoadError> {
        let path = self.path.clone();
        let reload = task::spawn_blocking(move || {
            let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            self.load(&mut seen)
        });
        // It fails only as the runtime ends.
        reload
            .await
            .unwrap_or_else(|_| Err(LoadError::io(&path, io::ErrorKind::Interrupted.into())))
    }

    pub(crate) fn watch(self: &Arc<Self>, every: Duration) -> Watch {
        Watch::new(Arc::downgrade(self), every, Self::look)
    }

    fn load(&self, seen: &mut Seen) -> Result<(), LoadError> {
        let (content, stamp) = read(&self.path)?;
        seen.read = Some(stamp);
        seen.fresh = stamp.is_fresh();
        seen.settling = None;
        seen.unreadable = false;
        let digest = digest(&content);
        if digest != seen.content {
            let next = (self.parse)(&content);
            let next = next.map_err(|expected| LoadError::content(&self.path, expected))?;
            self.current.store(Arc::new(next));
            seen.content = digest;
            self.tell();
        }
        Ok(())
    }

    /// Reads the file if it has changed and is the same as at the look before: whoever writes it in
    /// place may be in the middle of it, and half a file is a sound file of half the users.
    pub(super) fn look(&self) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let stamp = match metadata(&self.path) {
            Ok(stamp) => stamp,
            Err(error) => {
                seen.tell_unreadable(&LoadError::io(&self.path, error));
                seen.read = None;
                return;
            }
        };
        let known = seen.read == Some(stamp);
        if known && !seen.fresh {
            seen.settling = None;
        } else if seen.settling != Some(stamp) {
            seen.settling = Some(stamp);
        } else {
            let path = self.path.display();
            match self.load(&mut seen) {
                Ok(()) if known => debug!(%path, "read again, to be sure"),
                Ok(()) => info!(%path, "read again"),
                // Of no descriptor left, or of a file server that is away, the next look knows more.
                Err(error) if error.is_io() => seen.tell_unreadable(&error),
                Err(error) => {
                    warn!(%error, "what was read before stays in force");
                    // Once is enough.
                    seen.read = Some(stamp);
                    seen.fresh = false;
                    seen.settling = None;
                }
            }
        }
    }
}

impl<T> fmt::Debug for Reloaded<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.path, f)
    }
}

/// Of a plain file, for to open a pipe is to wait for its other end.
fn metadata(path: &Path) -> io::Result<Stamp> {
    let metadata = fs::metadata(path)?;
    match metadata.is_file() {
        true => Ok(Stamp::new(&metadata)),
        false => Err(io::Error::other("not a plain file")),
    }
}

/// The whole of it, and the state that it was in all the while.
fn read(path: &Path) -> Result<(Vec<u8>, Stamp), LoadError> {
    try_read(path).map_err(|error| LoadError::io(path, error))
}

fn try_read(path: &Path) -> io::Result<(Vec<u8>, Stamp)> {
    const TRIES: usize = 3;
    for _ in 0..TRIES {
        metadata(path)?;
        let mut file = File::open(path)?;
        let before = Stamp::new(&file.metadata()?);
        let mut content = Vec::new();
        file.by_ref()
            .take(MAX_LENGTH + 1)
            .read_to_end(&mut content)?;
        if content.len() as u64 > MAX_LENGTH {
            return Err(io::Error::other("longer than 4 MiB"));
        }
        if Stamp::new(&file.metadata()?) == before {
            return Ok((content, before));
        }
    }
    Err(io::Error::other("written to while it was read"))
}

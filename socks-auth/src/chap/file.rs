use std::{
    collections::HashMap,
    fmt,
    fs::File,
    io::Read,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
};

use async_trait::async_trait;
use socks_core::{Secret, UserName, message::ConnInfo};
use zeroize::Zeroizing;

use super::{
    ChapFileError, ChapFileErrorKind as Kind, ChapKey, ChapSecrets, ChapUser, StaticChapSecrets,
};
use crate::BoxError;

/// A file of user names and secrets, read when it is opened and when it is told to.
///
/// ```text
/// # a line a user: name, colon, secret
/// alice:correct horse battery staple
/// ```
///
/// Both are octets: nothing is trimmed, quoted or decoded, and CR LF ends a line as LF does. A name
/// has 1 to 255 octets and no colon, a secret 1 to 255. Empty lines and lines that begin with `#`
/// are skipped. A name that is listed twice, a line without a colon and a file without users are
/// errors.
///
/// Secrets stand there in clear (`CH-24`), so on unix the file must be a regular one that belongs
/// to this process's user or to root and gives group and others no access at all, as ssh demands of
/// a private key.
///
/// Clones share what was read.
#[derive(Clone)]
pub struct ChapSecretsFile {
    path: Arc<Path>,
    table: Arc<RwLock<StaticChapSecrets>>,
}

const MAX_LEN: u64 = 16 * 1024 * 1024;

impl ChapSecretsFile {
    /// Reads the file. Blocks.
    ///
    /// # Errors
    ///
    /// If it cannot be read, is not private, or breaks the format.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, ChapFileError> {
        let path = path.into();
        let table = read(&path)?;
        Ok(Self {
            path: path.into(),
            table: Arc::new(RwLock::new(table)),
        })
    }

    /// Reads the file again, for this and all clones, and returns the number of users. Sessions go
    /// on. Blocks.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open); what was read before stays then.
    pub fn reload(&self) -> Result<usize, ChapFileError> {
        let table = read(&self.path)?;
        let users = table.len();
        *self.table.write().unwrap_or_else(PoisonError::into_inner) = table;
        Ok(users)
    }

    /// Number of users.
    pub fn len(&self) -> usize {
        self.table().len()
    }

    /// Whether it lists nobody. That is never so, since such a file is not taken.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn table(&self) -> StaticChapSecrets {
        self.table
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

#[async_trait]
impl ChapSecrets for ChapSecretsFile {
    async fn look_up(
        &self,
        username: &UserName,
        _: &ConnInfo,
    ) -> Result<Option<ChapUser>, BoxError> {
        Ok(self.table().get(username))
    }
}

impl fmt::Debug for ChapSecretsFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChapSecretsFile")
            .field("path", &self.path)
            .field("users", &self.len())
            .finish()
    }
}

fn read(path: &Path) -> Result<StaticChapSecrets, ChapFileError> {
    let error = |kind, line, source| ChapFileError {
        path: path.to_owned(),
        line,
        kind,
        source,
    };
    let io = |source| error(Kind::Io, None, Some(source));
    let file = open(path).map_err(io)?;
    // Asked of what is open, so that nobody can put another file there in between.
    let metadata = file.metadata().map_err(io)?;
    if !metadata.is_file() {
        return Err(error(Kind::NotAFile, None, None));
    }
    private(&metadata).map_err(|kind| error(kind, None, None))?;
    if metadata.len() > MAX_LEN {
        return Err(error(Kind::TooLarge, None, None));
    }
    // One allocation, so that no copy of a secret stays behind in an outgrown one.
    let capacity = usize::try_from(metadata.len().saturating_add(1)).unwrap_or(0);
    let mut text = Zeroizing::new(Vec::with_capacity(capacity));
    file.take(metadata.len())
        .read_to_end(&mut text)
        .map_err(io)?;
    parse(&text).map_err(|(line, kind)| error(kind, line, None))
}

/// A pipe at the file's place must not be waited for.
#[cfg(unix)]
fn open(path: &Path) -> std::io::Result<File> {
    use rustix::fs::OFlags;
    use std::os::unix::fs::OpenOptionsExt;

    let nonblock = OFlags::NONBLOCK.bits().cast_signed();
    let mut options = File::options();
    options.read(true).custom_flags(nonblock).open(path)
}

#[cfg(not(unix))]
fn open(path: &Path) -> std::io::Result<File> {
    File::open(path)
}

fn parse(text: &[u8]) -> Result<StaticChapSecrets, (Option<usize>, Kind)> {
    let mut users = HashMap::<UserName, Secret>::new();
    for (index, line) in text.split(|octet| *octet == b'\n').enumerate() {
        let fault = |kind| (Some(index.saturating_add(1)), kind);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if matches!(line, [] | [b'#', ..]) {
            continue;
        }
        let mut parts = line.splitn(2, |octet| *octet == b':');
        let (Some(name), Some(secret)) = (parts.next(), parts.next()) else {
            return Err(fault(Kind::NoColon));
        };
        if !(1..=255).contains(&name.len()) {
            return Err(fault(Kind::Name));
        }
        if !(1..=ChapKey::MAX_LEN).contains(&secret.len()) {
            return Err(fault(Kind::Secret));
        }
        if users.insert(name.into(), Secret::new(secret)).is_some() {
            return Err(fault(Kind::Duplicate));
        }
    }
    match users.is_empty() {
        true => Err((None, Kind::Empty)),
        false => Ok(users.into_iter().collect()),
    }
}

#[cfg(unix)]
fn private(metadata: &std::fs::Metadata) -> Result<(), Kind> {
    use std::os::unix::fs::MetadataExt;

    if metadata.mode() & 0o077 != 0 {
        return Err(Kind::Permissions);
    }
    match metadata.uid() {
        0 => Ok(()),
        uid if uid == rustix::process::geteuid().as_raw() => Ok(()),
        _ => Err(Kind::Owner),
    }
}

/// Other systems have no such bits; who may read the file is the administrator's to see to.
#[cfg(not(unix))]
fn private(_: &std::fs::Metadata) -> Result<(), Kind> {
    Ok(())
}

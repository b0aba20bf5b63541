use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};

use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};

use super::{Usage, UsageStore};
use crate::{
    BoxError,
    limit::{LimitsError, LimitsErrorKind, account::seconds},
};

/// A limit's name and a key; when the period began and ends, octets sent and received.
type Usages = TableDefinition<'static, (&'static str, &'static str), (i64, i64, u64, u64)>;

const USAGES: Usages = TableDefinition::new("usage-1");

/// How long after its period's end a usage is forgotten: late enough for a clock that is wrong by a
/// month.
const FORGOTTEN: Duration = Duration::from_secs(40 * 24 * 60 * 60);

/// Keeps usage in one file, an embedded database (`redb`) that writes only what has changed and
/// survives a crash at any point. Feature `usage-store`.
///
/// One process has it open at a time. A file that is damaged, cut to nothing or not such a database is
/// an error, and stays as it is.
pub struct UsageFile {
    database: Database,
    path: PathBuf,
}

impl UsageFile {
    /// Opens the file, or makes it. Every page of it is checked. Blocks.
    ///
    /// # Errors
    ///
    /// It is damaged, open elsewhere, or cannot be opened or made.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, LimitsError> {
        let path = path.as_ref();
        open(path).map_err(|error| LimitsError::with(LimitsErrorKind::Load, error))
    }
}

fn open(path: &Path) -> Result<UsageFile, BoxError> {
    match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => create(path)?,
        // The database would take it for a new one.
        Ok(file) if file.len() == 0 => return Err("the file is empty".into()),
        other => drop(other?),
    }
    let mut database = Database::open(path)?;
    database.check_integrity()?;
    let write = database.begin_write()?;
    let forgotten = seconds(SystemTime::now() - FORGOTTEN);
    // Made when the file was: without it this is another database.
    let names: Vec<_> = write.list_tables()?.collect();
    if !names.iter().any(|table| redb::TableHandle::name(table) == redb::TableHandle::name(&USAGES)) {
        return Err("the file is not one of usages".into());
    }
    write
        .open_table(USAGES)?
        .retain(|_, (_, end, _, _)| end > forgotten)?;
    write.commit()?;
    let path = path.to_owned();
    Ok(UsageFile { database, path })
}

/// Aside first, so that a crash leaves no half of it in its place.
fn create(path: &Path) -> Result<(), BoxError> {
    let mut aside = path.as_os_str().to_owned();
    aside.push(".new");
    match fs::remove_file(&aside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
        _ => {}
    }
    let database = Database::create(&aside)?;
    let write = database.begin_write()?;
    write.open_table(USAGES)?;
    write.commit()?;
    drop(database);
    fs::rename(&aside, path)?;
    Ok(())
}

impl UsageStore for UsageFile {
    fn load(&self) -> Result<Vec<Usage>, BoxError> {
        let table = self.database.begin_read()?.open_table(USAGES)?;
        let mut usages = Vec::new();
        for usage in table.iter()? {
            let (names, octets) = usage?;
            let ((limit, key), (start, end, sent, received)) = (names.value(), octets.value());
            usages.push(Usage {
                limit: Arc::from(limit),
                key: key.to_owned(),
                start,
                end,
                sent,
                received,
            });
        }
        Ok(usages)
    }

    fn save(&self, usages: &[Usage]) -> Result<(), BoxError> {
        let write = self.database.begin_write()?;
        {
            let mut table = write.open_table(USAGES)?;
            for usage in usages {
                let octets = (usage.start, usage.end, usage.sent, usage.received);
                table.insert((&*usage.limit, &*usage.key), octets)?;
            }
        }
        // It is on the disk when this answers.
        write.commit()?;
        Ok(())
    }
}

impl fmt::Debug for UsageFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UsageFile")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

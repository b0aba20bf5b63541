//! What is written down of sessions (`[access_log]`, `[accounting]`).

use std::{
    collections::HashSet,
    fmt,
    path::{Path, PathBuf},
    time::Duration,
};

use serde::Deserialize;
use socks_tower::{
    AccessLog, Accounting,
    accounting::FileAccount,
    lines::{Durability, Format, LineWriter},
};
use toml::Spanned;

use crate::{
    config::{ConfigError, Source},
    hangup::Hangups,
    value::Seconds,
};

/// `[access_log]`: a line for each session that is over.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccessLogTable {
    file: Spanned<PathBuf>,
    format: Option<LineFormat>,
    #[serde(default)]
    class: Vec<Class>,
}

/// `[[access_log.class]]`: sessions whose rule names a class with `log`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Class {
    name: Spanned<String>,
    file: Option<Spanned<PathBuf>>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum LineFormat {
    #[default]
    Json,
    Text,
}

/// `[accounting]`: a line at the start, now and then, and at the end of each tunnel and association.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountingTable {
    file: Spanned<PathBuf>,
    interim: Option<Seconds>,
    sync: Option<bool>,
}

/// Between two interim events.
const INTERIM: Duration = Duration::from_secs(300);

/// What is kept, and where.
#[derive(Clone, Debug, Default)]
pub struct Prepared {
    access_log: Option<AccessLogTable>,
    accounting: Option<AccountingTable>,
}

/// The same with its files open.
#[derive(Clone, Debug, Default)]
pub struct Records {
    pub access_log: Option<AccessLog>,
    pub accounting: Option<Accounting>,
    files: Vec<LineWriter>,
    interim: Duration,
}

impl Prepared {
    pub fn new(
        access_log: Option<AccessLogTable>,
        accounting: Option<AccountingTable>,
        source: &Source,
    ) -> Result<Self, ConfigError> {
        let mut names = HashSet::new();
        for class in access_log.iter().flat_map(|log| &log.class) {
            if !names.insert(class.name.get_ref()) {
                let what = format!("{} is there twice", class.name.get_ref());
                return Err(source.error(class.name.span(), "access_log.class.name", what));
            }
        }
        let mut paths = HashSet::new();
        let logs = access_log.iter().flat_map(|log| {
            let classes = log.class.iter().filter_map(|class| class.file.as_ref());
            classes
                .map(|file| ("access_log.class.file", file))
                .chain([("access_log.file", &log.file)])
        });
        let accounts = accounting
            .iter()
            .map(|accounting| ("accounting.file", &accounting.file));
        for (key, file) in logs.chain(accounts) {
            // Two threads would write into the middle of each other's lines.
            if !paths.insert(resolved(file.get_ref())) {
                return Err(source.error(file.span(), key, "another key names this file"));
            }
            if file.get_ref().is_dir() {
                return Err(source.error(file.span(), key, "a directory"));
            }
            let parent = file.get_ref().parent();
            let parent = parent.filter(|parent| !parent.as_os_str().is_empty());
            if parent.is_some_and(|parent| !parent.is_dir()) {
                return Err(source.error(file.span(), key, "there is no such directory"));
            }
        }
        Ok(Self {
            access_log,
            accounting,
        })
    }

    /// Opens the files.
    pub fn open(&self) -> Result<Records, String> {
        let mut records = Records::default();
        if let Some(table) = &self.access_log {
            let format = match table.format.unwrap_or_default() {
                LineFormat::Json => Format::Json,
                LineFormat::Text => Format::Text,
            };
            let mut log = AccessLog::new(format, open(&table.file, Durability::System)?);
            for Class { name, file } in &table.class {
                let name = name.get_ref().as_str();
                log = match file {
                    Some(file) => log.class(name, open(file, Durability::System)?),
                    None => log.leave_out(name),
                };
            }
            records.access_log = Some(log);
        }
        if let Some(table) = &self.accounting {
            let durability = match table.sync.unwrap_or(false) {
                true => Durability::Batch,
                false => Durability::System,
            };
            let file = open(&table.file, durability)?;
            records.accounting = Some(Accounting::new(FileAccount::new(file.clone())));
            records.interim = table.interim.map_or(INTERIM, |Seconds(interim)| interim);
            records.files.push(file);
        }
        Ok(records)
    }
}

/// The same for each way to name a file, whether it is there yet or not.
fn resolved(path: &Path) -> PathBuf {
    if let Ok(resolved) = path.canonicalize() {
        return resolved;
    }
    let parent = path.parent().filter(|path| !path.as_os_str().is_empty());
    let parent = parent.unwrap_or(Path::new(".")).canonicalize();
    match (parent, path.file_name()) {
        (Ok(parent), Some(name)) => parent.join(name),
        _ => path.to_owned(),
    }
}

fn open(path: &Spanned<PathBuf>, durability: Durability) -> Result<LineWriter, String> {
    let path = path.get_ref();
    let writer = LineWriter::file(path).durability(durability).build();
    writer.map_err(|error| format!("{}: {error}", path.display()))
}

impl Records {
    /// Opens the files anew on SIGHUP, and tells how sessions stand now and then.
    pub fn keep(&self) {
        if let Some(accounting) = &self.accounting {
            tokio::spawn(accounting.interim_every(self.interim));
        }
        if self.access_log.is_none() && self.files.is_empty() {
            return;
        }
        let (log, files) = (self.access_log.clone(), self.files.clone());
        let mut hangups = Hangups::listen();
        tokio::spawn(async move {
            loop {
                hangups.next().await;
                log.iter().for_each(AccessLog::reopen);
                files.iter().for_each(LineWriter::reopen);
            }
        });
    }
}

/// For `--check`.
impl fmt::Display for Prepared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = |file: &Spanned<PathBuf>| file.get_ref().display().to_string();
        let log = self.access_log.as_ref().map(|table| path(&table.file));
        let accounts = self.accounting.as_ref().map(|table| path(&table.file));
        let none = || "none".to_owned();
        writeln!(f, "access_log: {}", log.unwrap_or_else(none))?;
        writeln!(f, "accounting: {}", accounts.unwrap_or_else(none))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_one_file() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("access.log");
        let other = directory
            .path()
            .join("..")
            .join(directory.path().file_name().unwrap())
            .join("access.log");
        assert_eq!(resolved(&path), resolved(&other));
        std::fs::write(&path, "").unwrap();
        assert_eq!(resolved(&path), resolved(&other));
        #[cfg(unix)]
        {
            let link = directory.path().join("link");
            std::os::unix::fs::symlink(&path, &link).unwrap();
            assert_eq!(resolved(&path), resolved(&link));
        }
        assert_ne!(resolved(&path), resolved(&directory.path().join("other")));
    }
}

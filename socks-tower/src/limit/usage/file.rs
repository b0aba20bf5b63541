use std::{
    collections::BTreeMap,
    fmt::{self, Write as _},
    fs::{self, File, TryLockError},
    io::{self, Read, Write},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::SystemTime,
};

use super::{Usage, UsageStore};
use crate::{
    BoxError,
    limit::{LimitsError, LimitsErrorKind, account::seconds},
};

/// Keeps usage in a text file, a line for each limit and key, with a checksum behind the last one.
///
/// A save writes all of it anew, beside the file, and has it take the file's place once it is on the
/// disk: a crash leaves the old one or the new one. That is about 80 octets a line, for those that have
/// used something in a period that is not over. A file that is damaged, cut off or empty is an
/// error and stays as it is; one that is not there is made by the first save.
///
/// One process uses it at a time, which a lock on a file beside it sees to.
#[derive(Debug)]
pub struct UsageFile {
    path: PathBuf,
    /// Held for the lock on it.
    _lock: File,
    usages: Mutex<Usages>,
}

type Usages = BTreeMap<(Arc<str>, String), Usage>;

const FIRST_LINE: &str = "socks-tower usage 1";

/// Longer files are not ours: a hundred times of what 65,536 users need.
const LONGEST: u64 = 1 << 30;

/// How long after its period's end a usage is forgotten, in seconds: late enough for a clock that is
/// wrong by a month.
const FORGOTTEN: i64 = 40 * 24 * 60 * 60;

/// Usages of periods that are over that are kept at most: whoever comes from a new network each time must not
/// make the file longer each day.
const MAX_OVER: usize = 100_000;

impl UsageFile {
    /// Reads the file, if it is there. Blocks.
    ///
    /// # Errors
    ///
    /// It is damaged, used by another process, or cannot be read.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, LimitsError> {
        open(path.into()).map_err(|error| LimitsError::with(LimitsErrorKind::Load, error))
    }
}

fn open(path: PathBuf) -> Result<UsageFile, BoxError> {
    let mut options = File::options();
    let lock = options.create(true).truncate(false).write(true);
    let lock = lock.open(beside(&path, ".lock"))?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err("another process uses the file".into()),
        // File systems that have no locks leave it to whoever starts the processes.
        Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {}
        Err(TryLockError::Error(error)) => return Err(error.into()),
    }
    let mut text = String::new();
    let usages = match File::open(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        file => {
            file?.take(LONGEST).read_to_string(&mut text)?;
            parse(&text).ok_or("the file is damaged")?
        }
    };
    let usages = usages.into_iter();
    Ok(UsageFile {
        path,
        _lock: lock,
        usages: Mutex::new(usages.map(|usage| (name(&usage), usage)).collect()),
    })
}

fn name(usage: &Usage) -> (Arc<str>, String) {
    (Arc::clone(&usage.limit), usage.key.clone())
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut beside = path.as_os_str().to_owned();
    beside.push(ending);
    beside.into()
}

impl UsageStore for UsageFile {
    fn load(&self) -> Result<Vec<Usage>, BoxError> {
        let usages = self.usages.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(usages.values().cloned().collect())
    }

    fn save(&self, usages: &[Usage]) -> Result<(), BoxError> {
        let mut all = self.usages.lock().unwrap_or_else(PoisonError::into_inner);
        all.extend(usages.iter().map(|usage| (name(usage), usage.clone())));
        forget(&mut all, seconds(SystemTime::now()), MAX_OVER);
        let text = write(all.values());
        let aside = beside(&self.path, ".new");
        let mut file = File::create(&aside)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        drop(file);
        fs::rename(&aside, &self.path)?;
        // The new name is on the disk once its folder is. Not every system can be asked for that.
        let folder = self
            .path
            .parent()
            .filter(|path| !path.as_os_str().is_empty());
        if let Ok(folder) = File::open(folder.unwrap_or(Path::new("."))) {
            let _ = folder.sync_all();
        }
        Ok(())
    }
}

/// Forgets what is over for long, and of what is over what ended first, beyond so many.
fn forget(all: &mut Usages, now: i64, most: usize) {
    let over = all.values().map(|usage| usage.end);
    let mut over: Vec<_> = over.filter(|end| *end <= now).collect();
    over.sort_unstable_by(|one, other| other.cmp(one));
    let beyond = over.get(most).copied().unwrap_or(i64::MIN);
    let forgotten = now.saturating_sub(FORGOTTEN).max(beyond);
    all.retain(|_, usage| usage.end > forgotten);
}

fn write<'a>(usages: impl Iterator<Item = &'a Usage>) -> String {
    let mut text = format!("{FIRST_LINE}\n");
    for usage in usages {
        let Usage {
            limit,
            key,
            start,
            end,
            sent,
            received,
        } = usage;
        let limit = Escaped(limit);
        let key = Escaped(key);
        let _ = writeln!(text, "{limit} {key} {start} {end} {sent} {received}");
    }
    let sum = crc32fast::hash(text.as_bytes());
    let _ = writeln!(text, "sum {sum:08x}");
    text
}

/// What `text` says; `None` if any of it is not as it was written.
fn parse(text: &str) -> Option<Vec<Usage>> {
    let (lines, sum) = text.strip_suffix('\n')?.rsplit_once('\n')?;
    let sum = u32::from_str_radix(sum.strip_prefix("sum ")?, 16).ok()?;
    let summed = text.get(..=lines.len())?;
    if crc32fast::hash(summed.as_bytes()) != sum {
        return None;
    }
    let mut lines = lines.split('\n');
    if lines.next()? != FIRST_LINE {
        return None;
    }
    lines.map(usage).collect()
}

fn usage(line: &str) -> Option<Usage> {
    let mut fields = line.split(' ');
    let usage = Usage {
        limit: unescaped(fields.next()?)?.into(),
        key: unescaped(fields.next()?)?,
        start: fields.next()?.parse().ok()?,
        end: fields.next()?.parse().ok()?,
        sent: fields.next()?.parse().ok()?,
        received: fields.next()?.parse().ok()?,
    };
    fields.next().is_none().then_some(usage)
}

/// A text as one field: without spaces and ends of lines.
struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            match character {
                '\\' | '\0'..=' ' | '\u{7f}' => write!(f, "\\{:02x}", u32::from(character))?,
                _ => f.write_char(character)?,
            }
        }
        Ok(())
    }
}

fn unescaped(field: &str) -> Option<String> {
    let mut text = String::with_capacity(field.len());
    let mut parts = field.split('\\');
    text.push_str(parts.next()?);
    for part in parts {
        let (octet, rest) = part.split_at_checked(2)?;
        text.push(char::from(u8::from_str_radix(octet, 16).ok()?));
        text.push_str(rest);
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Usages of periods that are over are bounded, and those that count are kept however many they are.
    #[test]
    fn forgets() {
        let now = 100 * FORGOTTEN;
        let ends = (-5..5)
            .map(|day| now + day * 86_400)
            .chain([now - FORGOTTEN]);
        let usage = |end: i64| Usage {
            limit: "day".into(),
            key: format!("network={end}"),
            start: 0,
            end,
            sent: 1,
            received: 0,
        };
        let all: Usages = ends.map(|end| (name(&usage(end)), usage(end))).collect();
        for (most, kept) in [(100, 10), (6, 10), (2, 6), (0, 4)] {
            let mut all = all.clone();
            forget(&mut all, now, most);
            assert_eq!(all.len(), kept, "{most}");
            assert_eq!(all.values().filter(|usage| usage.end > now).count(), 4);
        }
    }

    proptest! {
        /// What was written is read, whatever names are made of, and anything else is told.
        #[test]
        fn reads_what_it_writes(
            names in proptest::collection::vec((any::<String>(), any::<String>()), 0..5),
            place in any::<prop::sample::Index>(),
            other in any::<u8>(),
        ) {
            let usages: Vec<_> = names
                .into_iter()
                .map(|(limit, key)| Usage {
                    limit: limit.into(),
                    key,
                    start: i64::MIN,
                    end: i64::MAX,
                    sent: 0,
                    received: u64::MAX,
                })
                .collect();
            let text = write(usages.iter());
            prop_assert_eq!(parse(&text), Some(usages));
            let mut damaged = text.clone().into_bytes();
            let place = place.index(damaged.len());
            damaged[place] = other;
            if let Ok(damaged) = String::from_utf8(damaged) && !damaged.eq_ignore_ascii_case(&text) {
                prop_assert_eq!(parse(&damaged), None);
            }
            prop_assert_eq!(text.get(..place).and_then(parse), None);
        }
    }
}

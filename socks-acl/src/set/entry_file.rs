use std::{
    fs::{self, File},
    io::{BufRead, BufReader, Read},
    marker::PhantomData,
    path::Path,
    str::FromStr,
};

use super::{
    FileError,
    file_error::{BoxError, Kind},
};

/// A file of entries, one a line.
///
/// Blanks around an entry, empty lines, and comments are skipped; a comment is a `#` at the start of a
/// line or behind a blank, and what follows. Lines end with LF or CRLF, and the text is UTF-8, with or
/// without a byte order mark. What is longer than [`MAX_LINE`](Self::MAX_LINE),
/// [`MAX_ENTRIES`](Self::MAX_ENTRIES) or [`MAX_OCTETS`](Self::MAX_OCTETS) is an error, and nothing of
/// the file is used.
///
/// Reading blocks; it is meant for the time when rules are loaded.
///
/// ```
/// use socks_acl::{EntryFile, Network, NetworkSet};
///
/// let text = "# office\n192.0.2.0/24\n2001:db8::/32 # and the lab\n";
/// let set: NetworkSet = EntryFile::new(text.as_bytes()).entries::<Network>().collect::<Result<_, _>>()?;
/// assert_eq!(set.len(), 2);
///
/// let mistake = EntryFile::new("\n192.0.2/24".as_bytes()).entries::<Network>().next();
/// assert_eq!(mistake.and_then(Result::err).and_then(|error| error.line()), Some(2));
/// # Ok::<(), socks_acl::FileError>(())
/// ```
#[derive(Debug)]
pub struct EntryFile<R> {
    reader: R,
    buffer: Vec<u8>,
    line: u64,
    octets: u64,
    entries: usize,
    // The constants below, except in tests.
    pub(super) max_octets: u64,
    pub(super) max_entries: usize,
}

impl EntryFile<BufReader<File>> {
    /// # Errors
    ///
    /// If there is no such file, it cannot be opened, it is something else than a file, or it has not one
    /// octet, as a full disk leaves it: a list that refuses nobody must not be an accident. One that is
    /// meant to have no entries has a comment.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, FileError> {
        let path = path.as_ref();
        let io = |error| FileError::new(None, Kind::Io(error));
        // To open a named pipe would wait for somebody to write into it.
        let metadata = fs::metadata(path).map_err(io)?;
        if !metadata.is_file() {
            return Err(FileError::new(None, Kind::NoFile));
        }
        if metadata.len() == 0 {
            return Err(FileError::new(None, Kind::Empty));
        }
        Ok(Self::new(BufReader::new(File::open(path).map_err(io)?)))
    }
}

impl<R: BufRead> EntryFile<R> {
    /// Most octets of a line, its end not counted.
    pub const MAX_LINE: usize = 1024;
    /// Most entries of a file.
    pub const MAX_ENTRIES: usize = 10_000_000;
    /// Most octets of a file: 1 GiB.
    pub const MAX_OCTETS: u64 = 1 << 30;

    /// Entries from anything that can be read.
    pub const fn new(reader: R) -> Self {
        Self {
            reader,
            buffer: Vec::new(),
            line: 0,
            octets: 0,
            entries: 0,
            max_octets: Self::MAX_OCTETS,
            max_entries: Self::MAX_ENTRIES,
        }
    }

    /// The next entry and its line, counted from 1.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, is longer than the limits, or is not UTF-8.
    pub fn next_entry(&mut self) -> Result<Option<(u64, &str)>, FileError> {
        while self.next_line()? {
            let (line, first) = (self.line, self.line == 1);
            let error = |kind| FileError::new(Some(line), kind);
            // Found as octets and made anew below, since the borrow may not outlive the loop.
            let text = str::from_utf8(&self.buffer).map_err(|_| error(Kind::NotUtf8))?;
            let entry = entry(text, first);
            if entry.is_empty() {
                continue;
            }
            if self.entries == self.max_entries {
                return Err(error(Kind::TooManyEntries(self.max_entries)));
            }
            self.entries += 1;
            let text = str::from_utf8(&self.buffer).unwrap_or_default();
            return Ok(Some((line, self::entry(text, first))));
        }
        Ok(None)
    }

    /// Reads each entry as a `T`. Nothing follows the first error.
    pub fn entries<T>(self) -> impl Iterator<Item = Result<T, FileError>>
    where
        T: FromStr<Err: Into<BoxError>>,
    {
        Entries {
            file: Some(self),
            entry: PhantomData,
        }
    }

    /// Reads a line, without its end, into the buffer; false at the end of the file.
    fn next_line(&mut self) -> Result<bool, FileError> {
        self.buffer.clear();
        let line = self.line + 1;
        let error = |kind| FileError::new(Some(line), kind);
        // Room for the end of the line, CRLF.
        let mut reader = self.reader.by_ref().take(Self::MAX_LINE as u64 + 2);
        let read = reader.read_until(b'\n', &mut self.buffer);
        self.octets += read.map_err(|failure| error(Kind::Io(failure)))? as u64;
        self.line = line;
        if self.buffer.is_empty() {
            return Ok(false);
        }
        if self.buffer.pop_if(|octet| *octet == b'\n').is_some() {
            self.buffer.pop_if(|octet| *octet == b'\r');
        }
        if self.buffer.len() > Self::MAX_LINE {
            return Err(error(Kind::LineTooLong(Self::MAX_LINE)));
        }
        if self.octets > self.max_octets {
            return Err(error(Kind::TooLong(self.max_octets)));
        }
        Ok(true)
    }
}

fn entry(line: &str, first: bool) -> &str {
    let bom = first.then(|| line.strip_prefix('\u{feff}')).flatten();
    let line = bom.unwrap_or(line);
    let comment = line.match_indices('#').map(|(at, _)| line.split_at(at).0);
    let comment = comment
        .into_iter()
        .find(|before| matches!(before.as_bytes(), [] | [.., b' ' | b'\t']));
    comment.unwrap_or(line).trim_ascii()
}

struct Entries<R, T> {
    file: Option<EntryFile<R>>,
    entry: PhantomData<fn() -> T>,
}

impl<R: BufRead, T: FromStr<Err: Into<BoxError>>> Iterator for Entries<R, T> {
    type Item = Result<T, FileError>;

    fn next(&mut self) -> Option<Self::Item> {
        let entry = match self.file.as_mut()?.next_entry() {
            Ok(None) => return None,
            Ok(Some((line, text))) => text
                .parse()
                .map_err(|error: T::Err| FileError::new(Some(line), Kind::Entry(error.into()))),
            Err(error) => Err(error),
        };
        if entry.is_err() {
            self.file = None;
        }
        Some(entry)
    }
}

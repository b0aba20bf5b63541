use std::{
    error::Error,
    fs,
    io::{self, BufReader},
};

use crate::{
    DomainPattern, DomainSet, EntryFile, FileError, Network, NetworkSet, PortRange, PortSet,
    TimeWindow,
};

type InMemory = EntryFile<&'static [u8]>;

fn read(text: &[u8]) -> Result<Vec<String>, FileError> {
    // Octet by octet, so that nothing depends on what a read returns.
    EntryFile::new(BufReader::with_capacity(1, text))
        .entries()
        .collect()
}

fn failure(text: &[u8]) -> (Option<u64>, String) {
    let error = read(text).unwrap_err();
    (error.line(), error.to_string())
}

#[test]
fn entries_comments_and_ends_of_lines() {
    for (text, expected) in [
        ("", &[][..]),
        ("\n\r\n  \t\n", &[]),
        ("a", &["a"]),
        ("a\nb\r\nc", &["a", "b", "c"]),
        ("\u{feff}a\n", &["a"]),
        ("\u{feff}# c\n\u{feff}a", &["\u{feff}a"]),
        ("# c\n #c\na # c\nb\t#c # d\n", &["a", "b"]),
        ("a#b c#\n", &["a#b c#"]),
        ("  a b  \n", &["a b"]),
    ] {
        assert_eq!(read(text.as_bytes()).unwrap(), expected, "{text:?}");
    }
}

#[test]
fn each_kind_of_set() {
    fn collect<T, S>(text: &'static str) -> S
    where
        T: std::str::FromStr<Err = crate::EntryError>,
        S: FromIterator<T>,
    {
        EntryFile::new(text.as_bytes())
            .entries::<T>()
            .collect::<Result<S, _>>()
            .unwrap()
    }
    assert_eq!(
        collect::<Network, NetworkSet>("192.0.2.0/24\n192.0.2.7\n").len(),
        1
    );
    assert_eq!(
        collect::<DomainPattern, DomainSet>(".a.test\nb*.test # c\n").len(),
        2
    );
    assert_eq!(collect::<PortRange, PortSet>("80\n81-90\n").len(), 1);
    assert_eq!(
        collect::<TimeWindow, Vec<_>>("mon 08:00-09:00\nsat,sun\n").len(),
        2
    );
}

#[test]
fn mistakes_have_their_line() {
    let mut entries =
        InMemory::new(b"192.0.2.0/24\n\n# c\n192.0.2.1/24 # d\n::1\n").entries::<Network>();
    assert!(entries.next().unwrap().is_ok());
    let error = entries.next().unwrap().unwrap_err();
    assert_eq!(error.line(), Some(4));
    assert_eq!(error.to_string(), "line 4: not an entry of this list");
    assert_eq!(
        error.source().unwrap().to_string(),
        "expected a network without host bits, such as 192.0.2.0/24, found \"192.0.2.1/24\""
    );
    assert!(entries.next().is_none(), "nothing of a broken file is used");
    assert_eq!(
        failure(b"a\n\xff\n"),
        (Some(2), "line 2: not UTF-8".to_owned())
    );
}

/// Each limit at its value and one beyond.
#[test]
fn lines_are_bounded() {
    let longest = "a".repeat(InMemory::MAX_LINE);
    for end in ["", "\n", "\r\n"] {
        assert_eq!(
            read(format!("{longest}{end}b").as_bytes()).is_ok(),
            !end.is_empty()
        );
        assert_eq!(
            read(format!("{longest}{end}").as_bytes()).unwrap(),
            [&*longest]
        );
        let over = failure(format!("b\n{longest}a{end}").as_bytes());
        assert_eq!(
            over,
            (Some(2), "line 2: over 1024 octets in a line".to_owned())
        );
    }
    let endless = EntryFile::new(BufReader::new(io::repeat(b'a')))
        .entries::<String>()
        .next();
    assert_eq!(endless.unwrap().unwrap_err().line(), Some(1));
}

/// Each limit at its value and one beyond, with lower limits than a file's.
#[test]
fn files_are_bounded() {
    let entries = |text: &'static str| {
        let mut file = EntryFile::new(text.as_bytes());
        assert_eq!((file.max_entries, file.max_octets), (10_000_000, 1 << 30));
        (file.max_entries, file.max_octets) = (3, 12);
        file.entries::<String>().collect::<Result<Vec<_>, _>>()
    };
    assert_eq!(entries("a\n#\n\nb\nc\n#\n").unwrap(), ["a", "b", "c"]);
    let many = entries("a\nb\nc\nd\n").unwrap_err();
    assert_eq!(many.to_string(), "line 4: over 3 entries in the file");

    // Comments and empty lines are bounded too.
    assert_eq!(entries("# 56\n\n\n\n1234").unwrap(), ["1234"]);
    let long = entries("# 56\n\n\n\n# 23 5").unwrap_err();
    assert_eq!(long.to_string(), "line 5: over 12 octets in the file");
}

#[test]
fn what_is_no_file() {
    let directory = EntryFile::open(std::env::temp_dir()).unwrap_err();
    assert_eq!(directory.to_string(), "not a file");
    let missing = EntryFile::open("/nonexistent/networks.txt").unwrap_err();
    assert_eq!(
        (missing.line(), missing.to_string()),
        (None, "the file cannot be read".to_owned())
    );
    assert!(missing.source().is_some());

    let path = std::env::temp_dir().join(format!("socks-acl-entries-{}", std::process::id()));
    fs::write(&path, "192.0.2.0/24\n").unwrap();
    let read = EntryFile::open(&path).unwrap().entries::<Network>().count();
    fs::remove_file(&path).unwrap();
    assert_eq!(read, 1);
}

//! A file of entries of each kind: arbitrary octets never panic, what is wrong is said with a line of the
//! file, what is read is shown as it reads, and a set contains what one of its entries means.
//!
//! Run it on a stable toolchain by
//! `RUSTC_BOOTSTRAP=1 cargo fuzz run entry_file -- -max_total_time=60`.
#![no_main]

use std::{fmt::Display, str::FromStr};

use libfuzzer_sys::fuzz_target;
use socks_acl::{
    DomainPattern, DomainSet, EntryError, EntryFile, Network, NetworkSet, PortRange, PortSet,
    TimeWindow,
};
use socks_core::Domain;

/// The entries up to the first mistake.
fn read<T>(text: &[u8]) -> Vec<T>
where
    T: FromStr<Err = EntryError> + Display + PartialEq,
{
    let mut entries = Vec::new();
    for entry in EntryFile::new(text).entries::<T>() {
        match entry {
            Ok(entry) => {
                let shown = entry.to_string();
                assert!(
                    shown.parse::<T>().is_ok_and(|again| again == entry),
                    "{shown}"
                );
                entries.push(entry);
            }
            Err(error) => {
                let line = error.line().expect("a line of the file");
                let lines = text.split(|octet| *octet == b'\n').count() as u64;
                assert!((1..=lines).contains(&line), "{error}");
            }
        }
    }
    entries
}

fn domains(text: &[u8]) {
    let patterns = read::<DomainPattern>(text);
    let set: DomainSet = patterns.iter().cloned().collect();
    let own = patterns
        .iter()
        .map(|pattern| pattern.to_string().replace('*', "a"));
    for name in own.flat_map(|name| [format!("a.{name}"), name.replacen('.', "", 1), name]) {
        let Ok(name) = Domain::new(name.as_bytes()) else {
            continue;
        };
        let expected = patterns.iter().any(|pattern| pattern.matches(&name));
        assert_eq!(set.contains(&name), expected, "{name}");
    }
}

fuzz_target!(|input: (u8, &[u8])| {
    let (kind, text) = input;
    match kind % 4 {
        0 => {
            let networks = read::<Network>(text);
            let set: NetworkSet = networks.iter().copied().collect();
            assert!(
                networks
                    .iter()
                    .all(|network| set.contains(network.get().network()))
            );
            assert!(
                networks
                    .iter()
                    .all(|network| set.contains(network.get().broadcast()))
            );
        }
        1 => domains(text),
        2 => {
            let ranges = read::<PortRange>(text);
            let set: PortSet = ranges.iter().copied().collect();
            for port in [0, 80, 443, 8000, u16::MAX] {
                let expected = ranges.iter().any(|range| range.contains(port));
                assert_eq!(set.contains(port), expected, "{port}");
            }
        }
        _ => drop(read::<TimeWindow>(text)),
    }
});

use proptest::{collection::vec, prelude::*, sample::select};
use socks_core::Domain;

use crate::{DomainPattern, DomainSet};

fn domain(name: &str) -> Domain {
    Domain::try_from(name).unwrap()
}

fn set(entries: &[&str]) -> DomainSet {
    let entries = entries
        .iter()
        .map(|text| text.parse::<DomainPattern>().unwrap());
    entries.collect()
}

/// Names of few labels, some of which begin like others and sort around the dot.
fn name() -> impl Strategy<Value = String> {
    vec(select(&["a", "b", "a-b", "ab", "a0", "z"][..]), 1..5).prop_map(|labels| labels.join("."))
}

fn entry() -> impl Strategy<Value = String> {
    (select(&["", ".", "*.", "a*.", "*b.", "a*"][..]), name())
        .prop_map(|(prefix, name)| format!("{prefix}{name}"))
}

/// What the entry means, label by label.
fn naive(entry: &str, name: &str) -> bool {
    if entry.trim_start_matches("*.").contains('*') {
        return super::globs::naive(entry.as_bytes(), name.as_bytes());
    }
    let (stem, itself, below) = match (entry.strip_prefix("*."), entry.strip_prefix('.')) {
        (Some(stem), _) => (stem, false, true),
        (_, Some(stem)) => (stem, true, true),
        _ => (entry, true, false),
    };
    let [stem, name]: [Vec<_>; 2] = [stem, name].map(|text| text.split('.').rev().collect());
    let same = stem.iter().zip(&name).all(|(a, b)| a == b);
    match name.len().checked_sub(stem.len()) {
        Some(0) => same && itself,
        Some(_) => same && below,
        None => false,
    }
}

proptest! {
    /// SE-41: on the boundaries of labels; a set of many and each of its entries say the same.
    #[test]
    fn agrees_with_a_list(entries in vec(entry(), 0..60), names in vec(name(), 0..40)) {
        let patterns = entries.iter().map(|entry| entry.parse::<DomainPattern>().unwrap());
        let patterns: Vec<_> = patterns.collect();
        let set: DomainSet = patterns.iter().cloned().collect();
        let own = entries.iter().map(|entry| entry.replace('*', "").trim_start_matches('.').to_owned());
        for name in own.chain(names) {
            let expected = entries.iter().any(|entry| naive(entry, &name));
            let name = domain(&name);
            prop_assert_eq!(set.contains(&name), expected, "{} {:?}", name, entries);
            let one_by_one = patterns.iter().any(|pattern| pattern.matches(&name));
            prop_assert_eq!(one_by_one, expected, "{} {:?}", name, entries);
        }
        prop_assert!(set.len() <= entries.len());
    }

    #[test]
    fn shown_as_read(entry in entry()) {
        prop_assert_eq!(entry.parse::<DomainPattern>().unwrap().to_string(), entry);
    }

    /// No octets a client may send make a lookup do anything but answer.
    #[test]
    fn any_octets(octets in vec(any::<u8>(), 1..=255)) {
        let name = Domain::new(&octets).unwrap();
        prop_assert!(set(&["*"]).contains(&name));
        prop_assert!(!set(&["example.com", ".example.net", "a*b*c.example.org"]).contains(&name));
    }
}

/// R5-37, SE-41: case and one trailing dot do not matter; `badexample.com` is another name.
#[test]
fn normal_form_and_boundaries() {
    let set = set(&["Example.COM.", ".Example.NET", "*.example.org."]);
    for (name, expected) in [
        ("example.com", true),
        ("EXAMPLE.com.", true),
        ("example.com..", false),
        ("www.example.com", false),
        ("badexample.com", false),
        ("example.net", true),
        ("a.b.EXAMPLE.NET.", true),
        ("badexample.net", false),
        ("net", false),
        ("example.org", false),
        ("www.example.org", true),
        ("a.b.example.org.", true),
        (".", false),
    ] {
        assert_eq!(set.contains(&domain(name)), expected, "{name}");
    }
}

/// SE-41: octets that a key must not confuse with the boundary of a label.
#[test]
fn hostile_octets_are_no_boundary() {
    let set = set(&[".example.com", "a.b"]);
    for name in [
        &b"www\0example\0com"[..],
        b"a\0b",
        b"x\0example.com",
        b"\xffexample.com",
    ] {
        assert!(!set.contains(&Domain::new(name).unwrap()), "{name:?}");
    }
    // Not a host name, yet below the domain: that there is an empty label is the server's to refuse.
    assert!(set.contains(&Domain::new(b"\0.example.com").unwrap()));
}

#[test]
fn longest_names() {
    let label = "a".repeat(63);
    let longest = format!("{label}.{label}.{label}.{}", "a".repeat(61));
    let set = set(&[&longest, "a"]);
    assert!(set.contains(&domain(&longest)) && set.contains(&domain(&format!("{longest}."))));
    assert!(!set.contains(&domain(&longest[1..])));
    let dots = Domain::new(&[b'.'; 255]).unwrap();
    assert!(!set.contains(&dots));
    let deep = Domain::new(&b"a.".repeat(127)).unwrap();
    assert!(!set.contains(&deep));
    assert!(self::set(&[".a"]).contains(&deep));
}

#[test]
fn what_others_include_is_dropped() {
    let one = set(&[
        ".example.com",
        "www.example.com",
        "*.example.com",
        "*.a.example.com",
        "example.com",
    ]);
    assert_eq!((one.len(), one.globs()), (1, 0));
    // Two octets beside the key, and where its block starts.
    assert_eq!(one.memory(), "example.com".len() + 2 + size_of::<usize>());
    assert_eq!(one, set(&[".example.com"]));
    let two = set(&[
        "*.example.com",
        "example.net",
        "example.net",
        "EXAMPLE.net.",
    ]);
    assert_eq!(format!("{two:?}"), "DomainSet { names: 2, globs: 0 }");
    assert!(DomainSet::default().is_empty());
}

#[test]
fn mistakes_say_what_was_expected() {
    for (text, reason) in [
        ("", "host name has an empty label"),
        (".", "host name has an empty label"),
        ("*.", "host name has an empty label"),
        ("..example.com", "host name has an empty label"),
        ("a..b", "host name has an empty label"),
        ("exa mple.com", "host name contains octet 0x20"),
        ("b\u{fc}cher.example", "host name is not ASCII"),
        ("https://example.com", "host name contains octet 0x3a"),
        ("127.1", "host name is a legacy form of an address"),
    ] {
        let error = text.parse::<DomainPattern>().unwrap_err().to_string();
        let found = format!("{:?}", socks_core::Escaped(text.as_bytes()));
        assert_eq!(
            error,
            format!(
                "expected a name such as example.com, .example.com or *.example.com ({reason}), found {found}"
            )
        );
    }
    for text in ["192.0.2.1", "::1", "[2001:db8::1]", "10.*", "192.168.*.*"] {
        let error = text.parse::<DomainPattern>().unwrap_err().to_string();
        assert_eq!(
            error,
            format!(
                "expected a name, and addresses and networks where those belong, found \"{text}\""
            )
        );
    }
    assert!("a".repeat(256).parse::<DomainPattern>().is_err());
    assert!("a".repeat(64).parse::<DomainPattern>().is_err());
}

use proptest::prelude::*;
use socks_core::Domain;

use crate::{DomainPattern, DomainSet};

/// By trying each length of each `*`.
pub(super) fn naive(glob: &[u8], name: &[u8]) -> bool {
    match glob {
        [] => name.is_empty(),
        [b'*', rest @ ..] => (0..=name.len()).any(|at| naive(rest, &name[at..])),
        [octet, rest @ ..] => name
            .split_first()
            .is_some_and(|(first, name)| first == octet && naive(rest, name)),
    }
}

proptest! {
    #[test]
    fn agrees_with_trying(glob in "[ab]{0,2}(\\*[ab]{0,2}){1,4}", name in "[ab]{1,9}") {
        let pattern: DomainPattern = glob.parse().unwrap();
        let domain = Domain::try_from(&*name).unwrap();
        let expected = naive(glob.as_bytes(), name.as_bytes());
        prop_assert_eq!(pattern.matches(&domain), expected);
        prop_assert_eq!(DomainSet::from_iter([pattern]).contains(&domain), expected);
    }

    #[test]
    fn shown_as_read(glob in "[ab]{1,2}\\*[a-c.]{0,3}[ab]") {
        if let Ok(pattern) = glob.parse::<DomainPattern>() {
            prop_assert_eq!(pattern.to_string(), glob);
        }
    }
}

/// R5-37: a `*` goes across labels, and case and a trailing dot do not matter.
#[test]
fn what_a_star_stands_for() {
    for (glob, name, expected) in [
        ("*", "example.com", true),
        ("*.*", "localhost", false),
        ("ads*.example.com", "ads.example.com", true),
        ("ads*.example.com", "ADS7.b.example.com.", true),
        ("ads*.example.com", "example.com", false),
        ("ads*.example.com", "ads.badexample.com", false),
        ("*.dev.*", "a.dev.example.com", true),
        ("*.dev.*", "dev.example.com", false),
        ("*.*.example.com", "a.example.com", false),
        ("*.*.example.com", "a.b.example.com", true),
        ("a*a.test", "a.test", false),
        ("Mail*.EXAMPLE.com.", "mail2.example.com", true),
    ] {
        let pattern: DomainPattern = glob.parse().unwrap();
        assert_eq!(
            pattern.matches(&Domain::try_from(name).unwrap()),
            expected,
            "{glob} {name}"
        );
    }
}

/// A matcher that tries each length would not end: 40 stars, and a name that almost matches.
#[test]
fn hostile_names_end() {
    let glob: DomainPattern = format!("{}b", "a*".repeat(40)).parse().unwrap();
    assert!(!glob.matches(&Domain::new(&[b'a'; 255]).unwrap()));
    assert!(glob.matches(&Domain::new(&[&[b'a'; 254][..], b"b"].concat()).unwrap()));
}

#[test]
fn mistakes_are_found() {
    for text in [
        "a..*",
        "*..a",
        "a b*",
        "*\u{fc}",
        "a*\0",
        ".*.example.com",
        "*.1*.2",
    ] {
        assert!(text.parse::<DomainPattern>().is_err(), "{text:?}");
    }
    assert!(
        format!("*{}", "a.".repeat(127))
            .parse::<DomainPattern>()
            .is_err()
    );
    assert!(
        format!("*{}", "a".repeat(64))
            .parse::<DomainPattern>()
            .is_err()
    );
    let twice = ["a*b", "A*b.", "c*"].map(|text| text.parse::<DomainPattern>().unwrap());
    assert_eq!(DomainSet::from_iter(twice).globs(), 2);
}

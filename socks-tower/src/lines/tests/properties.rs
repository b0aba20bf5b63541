use std::{collections::BTreeMap, io, sync::Arc, time::SystemTime};

use proptest::prelude::*;
use socks_core::{
    Address, Command, Escaped, Method,
    message::{Identity, Terms},
};

use super::super::*;
use crate::{Incoming, SessionEnd, SessionReport, sessions::EndReason};

/// Reads a line of text back: blanks part fields, but not in quotes, and a backslash takes the next
/// character with it.
fn parse(line: &str) -> BTreeMap<String, String> {
    let mut fields = BTreeMap::new();
    let (mut field, mut quoted, mut escaped) = (String::new(), false, false);
    for c in line.chars().chain([' ']) {
        match c {
            ' ' if !quoted => {
                let (name, value) = field.split_once('=').expect("a field");
                assert!(fields.insert(name.into(), value.into()).is_none());
                field.clear();
            }
            '"' if !escaped => quoted = !quoted,
            c => field.push(c),
        }
        escaped = c == '\\' && !escaped;
    }
    assert!(!quoted && field.is_empty(), "{line}");
    fields
}

fn report(octets: [&[u8]; 3], text: &str) -> SessionReport {
    let [user, claimed, domain] = octets;
    let mut report = SessionReport::new(&Incoming::unnamed(()));
    let mut identity = Identity::user(user, Method(0x80))
        .group(text)
        .group("staff");
    identity.claimed = Some(claimed.into());
    report.identity = Some(Arc::new(identity));
    report.command = Some(Command::UdpAssociate);
    report.destination = Some(Address::domain(domain, 80).unwrap());
    report.listener = Some(text.into());
    report.limit = Some(text.into());
    let mut terms = Terms::new(text);
    terms.log_class = Some(text.into());
    report.terms = Some(Arc::new(terms));
    report.end = match text.len() % 2 {
        0 => SessionEnd::Relay(io::Error::other(text.to_owned()).into()),
        _ => SessionEnd::Ended(EndReason::Other(text.into()).into()),
    };
    report
}

fn octets() -> impl Strategy<Value = Vec<u8>> {
    // What is of interest comes more often than by chance.
    let hostile = prop::sample::select(b"\"\\ =,\r\n\t\0\x1b\x7f\xff\xc3{}".to_vec());
    prop::collection::vec(prop_oneof![hostile, any::<u8>()], 1..=255)
}

proptest! {
    /// SE-38: whatever peers chose, a line is one line of printable characters, no longer than it
    /// is said to be, and reads back as what it was made of.
    #[test]
    fn a_line_is_one_line(
        user in octets(),
        claimed in octets(),
        domain in octets(),
        text in "\\PC{0,300}|[ -~\r\n\u{1b}]{0,300}",
    ) {
        let report = report([&user, &claimed, &domain], &text);
        let escaped = |octets: &[u8]| Escaped(octets).to_string();
        let texts = [
            ("user", escaped(&user)),
            ("claimed", escaped(&claimed)),
            ("destination", format!("{}:80", escaped(&domain))),
            ("command", "udp associate".into()),
            ("method", "0x80".into()),
            ("peer", "unnamed".into()),
            ("listener", escaped(text.as_bytes())),
            ("rule", escaped(text.as_bytes())),
            ("class", escaped(text.as_bytes())),
            ("limit", escaped(text.as_bytes())),
            ("end", report.end.name().into()),
            (if text.len() % 2 == 0 { "error" } else { "reason" }, escaped(text.as_bytes())),
        ];
        for format in [Format::Json, Format::Text] {
            let mut line = Line::new(format);
            line.time("time", SystemTime::UNIX_EPOCH);
            session(&report, &mut line);
            let line = String::from_utf8(line.finish()).unwrap();
            let line = line.strip_suffix('\n').unwrap();
            prop_assert!(!line.contains(|c: char| c.is_control()), "{}", line);
            prop_assert!(line.chars().all(|c| c.is_ascii() || c == '…'), "{}", line);
            prop_assert!(line.len() <= 16 * 1024, "{}", line.len());
            match format {
                Format::Json => {
                    let fields: serde_json::Value = serde_json::from_str(line).unwrap();
                    for (name, text) in &texts {
                        prop_assert_eq!(fields[name].as_str(), Some(&**text), "{}", name);
                    }
                    prop_assert_eq!(&fields["groups"], &serde_json::json!([escaped(text.as_bytes()), "staff"]));
                    prop_assert_eq!(fields["session"].as_u64(), Some(report.id.0));
                    prop_assert_eq!(&fields["time"], "1970-01-01T00:00:00.000Z");
                }
                Format::Text => {
                    let fields = parse(line);
                    for (name, text) in &texts {
                        // The parser takes escaping for what it is and drops no backslash.
                        prop_assert_eq!(fields.get(*name), Some(text), "{}", name);
                    }
                    prop_assert_eq!(&fields["session"], &report.id.to_string());
                }
            }
        }
    }
}

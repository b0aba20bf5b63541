use alloc::{format, vec, vec::Vec};

use super::{Assertion, Attribute, Message, Status};
use crate::DecodeError;

fn message(assertions: &[(Attribute, &[u8])]) -> Message {
    let assertions: Vec<_> = assertions
        .iter()
        .map(|(attribute, value)| Assertion::new(*attribute, value).unwrap())
        .collect();
    Message::new(&assertions).unwrap()
}

fn octets(message: &Message) -> Vec<u8> {
    let mut octets = Vec::new();
    message.encode(&mut octets);
    octets
}

/// CH-5: the draft's numbers, by its names; others are shown as numbers.
#[test]
fn attributes() {
    let names = [
        (0x00, "STATUS"),
        (0x01, "TEXT-MESSAGE"),
        (0x02, "USER-IDENTITY"),
        (0x03, "CHALLENGE"),
        (0x04, "RESPONSE"),
        (0x05, "CHARSET"),
        (0x10, "IDENTIFIER"),
        (0x11, "ALGORITHMS"),
    ];
    for octet in 0..=u8::MAX {
        let named = names.iter().find(|(number, _)| *number == octet);
        let shown = named.map_or_else(|| format!("{octet:#04x}"), |(_, name)| (*name).into());
        assert_eq!(format!("{}", Attribute(octet)), shown);
    }
}

/// CH-8: an attribute may be said twice, but not two things about it.
#[test]
fn contradictions_are_found() {
    use Attribute as A;
    assert_eq!(message(&[]).contradiction(), None);
    let twice = message(&[(A::USER_IDENTITY, b"a"), (A::USER_IDENTITY, b"a")]);
    assert_eq!(twice.contradiction(), None);
    let last = message(&[
        (A::USER_IDENTITY, b"a"),
        (A::RESPONSE, b"a"),
        (A::USER_IDENTITY, b"a"),
        (A::USER_IDENTITY, b""),
    ]);
    assert_eq!(last.contradiction(), Some(A::USER_IDENTITY));
    assert_eq!(last.find(A::CHALLENGE), None);
}

/// CH-4: 255 assertions of 255 octets are the longest message, if the caller allows it.
#[test]
fn longest_message() {
    let value = [0x55; 255];
    assert!(Assertion::new(Attribute(9), &[0; 256]).is_err());
    let assertion = Assertion::new(Attribute(9), &value).unwrap();
    assert!(Message::new(&[assertion; 256]).is_err());
    let longest = Message::new(&[assertion; 255]).unwrap();
    assert_eq!(longest.contradiction(), None);

    let octets = octets(&longest);
    assert_eq!(octets.len(), Message::MAX_LEN);
    let mut src = octets.as_slice();
    let decoded = Message::decode_with_limit(&mut src, Message::MAX_LEN).unwrap();
    assert_eq!(decoded.unwrap().assertions().count(), 255);
    assert!(src.is_empty());
    let result = Message::decode_with_limit(&mut octets.as_slice(), Message::MAX_LEN - 1);
    assert_eq!(result.unwrap_err(), DecodeError::TooLong);
}

/// CH-4: the limit is checked on lengths, before the values have arrived.
#[test]
fn limit_is_checked_early() {
    // 15 full assertions make 3857 octets; 237 octets of value in the 16th make 4096.
    let mut octets = vec![0x01, 16];
    for _ in 0..15 {
        octets.extend([0x09, 255]);
        octets.extend([0; 255]);
    }
    octets.push(0x09);
    let fits = [&octets[..], &[237]].concat();
    assert!(Message::decode(&mut fits.as_slice()).unwrap().is_none());
    let whole = [&fits[..], &[0; 237]].concat();
    assert_eq!(whole.len(), Message::DEFAULT_LIMIT);
    assert!(Message::decode(&mut whole.as_slice()).unwrap().is_some());

    let exceeds = [&octets[..], &[238]].concat();
    let result = Message::decode(&mut exceeds.as_slice());
    assert_eq!(result.unwrap_err(), DecodeError::TooLong);
    let result = Message::decode_with_limit(&mut &[0x01, 5][..], 11);
    assert_eq!(result.unwrap_err(), DecodeError::TooLong);
}

/// CH-14, CH-15, CH-18: the status is found wherever it stands.
#[test]
fn status_is_judged() {
    for status in [Status::Success, Status::Failure] {
        let only = Message::status_only(status);
        assert_eq!(only.status(), Some(status));
        assert_eq!(octets(&only), [1, 1, 0, 1, status.octet()]);
    }
    let mutual = message(&[(Attribute::RESPONSE, b"x"), (Attribute::STATUS, &[0])]);
    assert_eq!(mutual.status(), Some(Status::Success));
    let empty = message(&[(Attribute::STATUS, &[])]);
    assert_eq!(empty.status(), Some(Status::Failure));
    assert_eq!(message(&[]).status(), None);
}

/// SE-34, SE-38, CH-20: secrets are redacted and texts are escaped.
#[test]
fn debug_is_safe() {
    let message = message(&[
        (Attribute::RESPONSE, b"hunter2"),
        (Attribute::CHALLENGE, b"hunter2"),
        (Attribute::TEXT_MESSAGE, b"a\r\n\x1b[31m"),
    ]);
    let text = format!("{message:?}");
    assert!(!text.contains("hunter2"), "{text}");
    assert!(text.contains(r#"TEXT-MESSAGE: "a\r\n\x1b[31m""#), "{text}");
}

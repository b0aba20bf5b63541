use alloc::{format, vec, vec::Vec};

use super::{ErrorToken, MAX_LINE, PortPair, Query, Response, Token};
use crate::DecodeError;

fn query(text: &[u8]) -> Result<Option<Query>, DecodeError> {
    Query::decode(&mut &*text)
}

fn response(text: &[u8]) -> Result<Option<Response>, DecodeError> {
    Response::decode(&mut &*text)
}

/// ID-5, ID-7: decimal without zeros in front, and no spaces.
#[test]
fn ports_are_sent_bare() {
    for (ports, text) in [
        ((1, 65535), "1,65535\r\n"),
        ((10, 100), "10,100\r\n"),
        ((60606, 1080), "60606,1080\r\n"),
    ] {
        let ports = PortPair::new(ports.0, ports.1).unwrap();
        let mut octets = Vec::new();
        Query { ports }.encode(&mut octets);
        assert_eq!(octets, text.as_bytes());
        assert_eq!(query(text.as_bytes()), Ok(Some(Query { ports })));
    }
    assert_eq!(PortPair::new(0, 1), None);
    assert_eq!(PortPair::new(1, 0), None);
}

/// ID-6: one to five digits, no sign, nothing else.
#[test]
fn odd_ports_are_refused() {
    for text in [
        "+1,2", "1,", ",1", "1,2,3", "000001,2", "1 1,2", "0x1,2", "99999,1",
    ] {
        let result = query(format!("{text}\r\n").as_bytes());
        assert_eq!(result, Err(DecodeError::BadPort), "{text}");
    }
    let zeros = query(b"\t00001 ,\t22\r\n").unwrap().unwrap();
    assert_eq!(zeros.ports, PortPair::new(1, 22).unwrap());
}

/// ID-8, ID-9: a bare LF ends a response but no query, and a bare CR ends nothing.
#[test]
fn line_ends() {
    assert_eq!(query(b"1,2\n"), Err(DecodeError::BadLine));
    assert_eq!(query(b"1,2\r"), Ok(None));
    assert_eq!(query(b"\r\n"), Err(DecodeError::BadLine));
    assert!(response(b"1,2:ERROR:NO-USER\n").unwrap().is_some());
    for text in [
        &b"1,2:USERID:UNIX:a\rb\r\n"[..],
        b"1,2:USERID:UNIX:a\r\r\n",
        b"1,2:USERID:UNIX:a\0\n",
        b"\n",
    ] {
        assert_eq!(response(text), Err(DecodeError::BadLine), "{text:?}");
    }
}

/// ID-16: 1000 octets with their end of line are read, 1000 without are not waited on.
#[test]
fn lines_are_bounded() {
    let mut line = vec![b' '; MAX_LINE - 1];
    assert_eq!(response(&line), Ok(None));
    let ended = [&line[..], b"\n"].concat();
    assert_eq!(response(&ended), Err(DecodeError::BadLine));
    line.push(b' ');
    assert_eq!(response(&line), Err(DecodeError::TooLong));
    assert_eq!(query(&line), Err(DecodeError::TooLong));
    line.push(b'\n');
    assert_eq!(response(&line), Err(DecodeError::TooLong));
}

/// ID-10: the RFC's four words, or a private one with X in front.
#[test]
fn error_tokens() {
    for (text, expected) in [
        ("INVALID-PORT", Some(ErrorToken::InvalidPort)),
        ("NO-USER", Some(ErrorToken::NoUser)),
        ("HIDDEN-USER", Some(ErrorToken::HiddenUser)),
        ("UNKNOWN-ERROR", Some(ErrorToken::UnknownError)),
        ("X", None),
        ("no-user", None),
        ("OTHER", None),
    ] {
        assert_eq!(
            ErrorToken::new(Token::new(text).unwrap()),
            expected,
            "{text}"
        );
    }
    let private = ErrorToken::new(Token::new("XA").unwrap()).unwrap();
    assert_eq!(private.as_str(), "XA");
    for token in ["", "a b", "a:b", &"X".repeat(65)] {
        let result = response(format!("1,2:ERROR:{token}\r\n").as_bytes());
        assert_eq!(result, Err(DecodeError::BadLine), "{token}");
    }
}

/// ID-17: the pair is compared as numbers.
#[test]
fn response_names_the_query() {
    let ports = PortPair::new(6191, 1080).unwrap();
    let answer = response(b"06191 , 1080 : ERROR : NO-USER\r\n")
        .unwrap()
        .unwrap();
    assert!(answer.answers(&Query { ports }));
    let swapped = PortPair::new(1080, 6191).unwrap();
    assert!(!answer.answers(&Query { ports: swapped }));
}

/// SE-38: what the host wrote is escaped when shown.
#[test]
fn user_ids_are_escaped() {
    let answer = response(b"1,2:USERID:UNIX:a\x1b[31m\xff\r\n")
        .unwrap()
        .unwrap();
    let identity = answer.result.unwrap();
    assert_eq!(format!("{}", identity.user_id()), r"a\x1b[31m\xff");
    assert!(format!("{identity:?}").is_ascii());
    assert!(!format!("{identity:?}").contains('\x1b'));
}

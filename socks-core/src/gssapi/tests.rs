use alloc::{format, vec, vec::Vec};

use super::{Message, MessageType, Token};
use crate::DecodeError;

/// GS-2, GS-21: the longest token fits, and one octet more is not made.
#[test]
fn tokens_are_bounded() {
    let octets = vec![0xaa; Token::MAX + 1];
    assert!(Token::new(&octets).is_err());
    let token = Token::new(&octets[1..]).unwrap();

    let mut frame = Vec::new();
    Message::Data(token).encode(&mut frame);
    assert_eq!(frame.len(), Message::MAX_LEN);
    assert_eq!(frame[..4], [0x01, 0x03, 0xff, 0xff]);
    let mut src = frame.as_slice();
    assert_eq!(Message::decode(&mut src), Ok(Some(Message::Data(token))));
    assert!(src.is_empty());
}

/// GS-3, GS-27: what can only be aborted is told by the octet that proves it.
#[test]
fn wrong_frames_are_told_early() {
    for version in (0..=255).filter(|octet| *octet != 1) {
        let octets = [version];
        let result = Message::decode(&mut octets.as_slice());
        assert_eq!(result, Err(DecodeError::BadVersion(version)));
    }
    for octet in 0..=255 {
        let octets = [0x01, octet];
        let result = Message::decode(&mut octets.as_slice());
        let expected = match octet {
            1..=3 => Ok(None),
            0xff => Ok(Some(Message::Abort)),
            octet => Err(DecodeError::BadMessageType(octet)),
        };
        assert_eq!(result, expected, "{octet:02x}");
        let kind = MessageType::try_from(octet);
        assert!(kind.is_err() || kind.map(MessageType::octet) == Ok(octet));
    }
}

/// GS-24: on UDP only whole data frames count.
#[test]
fn datagrams_hold_one_data_frame() {
    for (datagram, expected) in [
        (&[][..], DecodeError::Truncated),
        (&[1, 3, 0], DecodeError::Truncated),
        (&[2, 3, 0, 0], DecodeError::BadVersion(2)),
        (&[1, 2, 0, 0], DecodeError::BadMessageType(2)),
        (&[1, 0xff], DecodeError::BadMessageType(0xff)),
        (&[1, 3, 0, 1], DecodeError::LengthMismatch),
        (&[1, 3, 0, 0, 0], DecodeError::LengthMismatch),
    ] {
        let result = Message::decode_datagram(datagram);
        assert_eq!(result, Err(expected), "{datagram:?}");
    }
    let empty = Message::decode_datagram(&[1, 3, 0, 0]);
    assert_eq!(empty, Ok(Token::EMPTY));
}

/// SE-34: a token stays out of debug output.
#[test]
fn debug_hides_tokens() {
    let token = Token::new(b"ticket").unwrap();
    let text = format!("{:?}", Message::Context(token));
    assert_eq!(text, "Context([6 octets])");
}

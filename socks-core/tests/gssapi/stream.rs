use mechanism::{Mechanism, OVERHEAD};
use socks_core::gssapi::{Levels, Message};

use crate::ends::{frame, protections};

const ONE: Levels = Levels::INTEGRITY;
const TWO: Levels = Levels::CONFIDENTIALITY;

/// GS-19, GS-20, GS-21: what is longer than a token can be is split into frames that are as full as
/// they may be, and comes out whole however they are cut.
#[test]
fn long_writes() {
    let (mut client, mut server) = protections(&Mechanism::new(), TWO);
    let content = 65535 - OVERHEAD;
    assert_eq!(client.frame_content(), content);
    let plain: Vec<u8> = (0..200_000_u32).map(|n| (n % 251) as u8).collect();
    let mut frames = Vec::new();
    client.wrap(&plain, &mut frames).unwrap();

    let mut rest = frames.as_slice();
    let mut lengths = Vec::new();
    while let Some(message) = Message::decode(&mut rest).unwrap() {
        assert!(matches!(message, Message::Data(_)));
        lengths.push(message.encoded_len());
    }
    assert_eq!(lengths[..3], [Message::MAX_LEN; 3]);
    assert_eq!(lengths.len(), 200_000 / content + 1);

    let (mut waiting, mut heard) = (Vec::new(), Vec::new());
    for piece in frames.chunks(1000) {
        waiting.extend(piece);
        let mut rest = waiting.as_slice();
        server.unwrap(&mut rest, &mut heard).unwrap();
        waiting = rest.to_vec();
        assert!(waiting.len() <= server.frame_limit());
    }
    assert!(waiting.is_empty() && heard == plain);
}

/// GS-15: level 1 never asks for confidentiality, level 2 always.
#[test]
fn confidentiality_is_by_level() {
    for (levels, confidential) in [(ONE, 0), (TWO, 1)] {
        let (mut client, mut server) = protections(&Mechanism::new(), levels);
        for side in [&mut client, &mut server] {
            let mut frame = Vec::new();
            side.wrap(b"payload", &mut frame).unwrap();
            assert_eq!(frame[4], confidential);
            let readable = frame.windows(7).any(|octets| octets == b"payload");
            assert_eq!(readable, confidential == 0);
        }
    }
}

/// GS-16: at level 2 a message that was not confidential is no message; at level 1 any is.
#[test]
fn confidentiality_is_insisted_on() {
    for (levels, confidential, taken) in [
        (TWO, false, false),
        (TWO, true, true),
        (ONE, false, true),
        (ONE, true, true),
    ] {
        let mechanism = Mechanism::new();
        let (_, mut server) = protections(&mechanism, levels);
        // The stand-in's contexts are all alike; this one's number 0 is used for the level.
        let context = mechanism.contexts("alice@EXAMPLE.ORG").0;
        context.wrap(false, &[1], &mut Vec::new()).unwrap();
        let mut token = Vec::new();
        context.wrap(confidential, b"payload", &mut token).unwrap();
        let octets = frame(3, &token);
        let mut plain = Vec::new();
        let unwrapped = server.unwrap(&mut octets.as_slice(), &mut plain);
        assert_eq!(unwrapped.is_ok(), taken);
        assert_eq!(plain.is_empty(), !taken);
    }
}

/// GS-22: a frame with any octet changed is an error, and nothing of it is delivered.
#[test]
fn damage() {
    let (mut client, _) = protections(&Mechanism::new(), TWO);
    let mut octets = Vec::new();
    client.wrap(b"payload", &mut octets).unwrap();
    for position in 0..octets.len() {
        let (_, mut server) = protections(&Mechanism::new(), TWO);
        let mut damaged = octets.clone();
        damaged[position] ^= 1;
        let mut plain = Vec::new();
        let mut rest = damaged.as_slice();
        let unwrapped = server.unwrap(&mut rest, &mut plain);
        // A longer length only makes it wait.
        assert!(unwrapped.is_err() || rest.len() == octets.len());
        assert_eq!(plain, b"");
    }
}

/// GS-23: an empty token does not unwrap. An incomplete frame waits.
#[test]
fn empty_and_incomplete() {
    let (_, mut server) = protections(&Mechanism::new(), ONE);
    let mut plain = Vec::new();
    let unwrapped = server.unwrap(&mut &b"\x01\x03\x00\x00"[..], &mut plain);
    assert!(unwrapped.is_err());
    let mut rest = &b"\x01\x03\x00\x09abcdefgh"[..];
    server.unwrap(&mut rest, &mut plain).unwrap();
    assert_eq!((rest.len(), plain.len()), (12, 0));
}

/// GS-27: behind the level there are frames of type 03 and nothing else, an abort included.
#[test]
fn other_frames() {
    for octets in [
        frame(1, b"token"),
        frame(2, b"token"),
        frame(4, b"token"),
        b"\x01\xff".to_vec(),
        b"\x05\x01\x00\x01".to_vec(),
    ] {
        for side in [0, 1] {
            let (client, server) = protections(&Mechanism::new(), ONE);
            let mut side = [client, server].into_iter().nth(side).unwrap();
            assert!(
                side.unwrap(&mut octets.as_slice(), &mut Vec::new())
                    .is_err()
            );
        }
    }
}

/// GS-5, GS-22: a frame that is repeated ends the connection, and with sequencing one that is left
/// out as well.
#[test]
fn repeated_and_missing() {
    for (sequencing, frames, expected) in [
        (false, &[0, 1, 2][..], 3),
        (false, &[0, 0], 1),
        (true, &[0, 1, 2], 3),
        (true, &[0, 2], 1),
        (true, &[1], 0),
        (true, &[0, 1, 1], 2),
    ] {
        let (mut client, mut server) = protections(&Mechanism::new().sequencing(sequencing), TWO);
        let mut sent = vec![Vec::new(); 3];
        for octets in &mut sent {
            client.wrap(b".", octets).unwrap();
        }
        let mut plain = Vec::new();
        let done = frames.iter().try_for_each(|number: &usize| {
            server.unwrap(&mut sent[*number].as_slice(), &mut plain)
        });
        assert_eq!(plain.len(), expected, "{frames:?}");
        assert_eq!(done.is_ok(), expected == frames.len(), "{frames:?}");
    }
}

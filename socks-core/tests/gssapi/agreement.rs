use mechanism::{Mechanism, OVERHEAD};
use socks_core::{
    DecodeError,
    client::{self, ClientError},
    gssapi::{Levels, ProtectionLevel, Services},
    subnegotiation::{self, SubnegotiationError},
};

use crate::ends::{ABORT, ALICE, Client, Refusal, Server, converse, first_token, frame};

const CLEAR: Levels = Levels::CLEAR;
const ONE: Levels = Levels::INTEGRITY;
const TWO: Levels = Levels::CONFIDENTIALITY;
const BOTH: Levels = Levels::PROTECTED;

/// What came of an exchange: the level, by what it makes of a message.
fn agreed(client: Levels, server: Levels, mechanism: &Mechanism) -> Option<u8> {
    let mut client = Client::over(mechanism, client);
    let mut server = Server::over(mechanism, server);
    converse(&mut client, &mut server, usize::MAX);
    let (Some(Ok(ours)), Some(Ok(_))) = (client.end, server.end) else {
        return None;
    };
    let Some(mut ours) = ours else {
        return Some(0);
    };
    let mut frame = Vec::new();
    ours.wrap(b"payload", &mut frame).unwrap();
    // The first octet of the stand-in's token says whether it is encrypted.
    Some(frame[4] + 1)
}

/// GS-12, GS-13, GS-14, GS-15, GS-17: the level that is asked for if it will do, else the server's
/// strongest, and nothing that the client did not agree to.
#[test]
fn levels() {
    for (client, server, level) in [
        (BOTH, BOTH, Some(2)),
        (TWO, BOTH, Some(2)),
        (ONE, BOTH, Some(1)),
        (BOTH, ONE, Some(1)),
        (TWO, ONE, None),
        (ONE, TWO, None),
        (BOTH, CLEAR, None),
        (BOTH.or(CLEAR), CLEAR, Some(0)),
        (BOTH.or(CLEAR), BOTH.or(CLEAR), Some(2)),
        (CLEAR, BOTH.or(CLEAR), Some(0)),
        (CLEAR, BOTH, None),
        (BOTH, Levels::NONE, None),
        (Levels::NONE, BOTH, None),
    ] {
        let was = agreed(client, server, &Mechanism::new());
        assert_eq!(was, level, "{client:?} with {server:?}");
    }
}

/// GS-32: no level is agreed that the context cannot keep.
#[test]
fn granted_services() {
    let without = |integrity, confidentiality| {
        Mechanism::new().services(Services {
            integrity,
            confidentiality,
            replay_detection: true,
        })
    };
    let signs_only = without(true, false);
    assert_eq!(agreed(BOTH, BOTH, &signs_only), Some(1));
    assert_eq!(agreed(TWO, BOTH, &signs_only), None);
    assert_eq!(agreed(BOTH, TWO, &signs_only), None);
    assert_eq!(agreed(BOTH, BOTH, &without(false, false)), None);
    // Who asked for protection does not fall to none on the way.
    assert_eq!(agreed(ONE.or(CLEAR), TWO.or(CLEAR), &signs_only), None);
    assert_eq!(agreed(ONE.or(CLEAR), CLEAR, &signs_only), Some(0));
}

/// A server behind the last token, and the client's context.
fn before_level(
    levels: Levels,
    nec: bool,
) -> (
    Server,
    std::sync::Arc<dyn socks_core::gssapi::SecurityContext>,
) {
    let mechanism = Mechanism::new();
    let machine = subnegotiation::Gssapi::new(mechanism.acceptor());
    let mut server = Server::new(machine.levels(levels).nec(nec));
    server.hear(&frame(1, &first_token()));
    server.said.clear();
    (server, mechanism.contexts(ALICE).0)
}

/// GS-16: anything but one octet of a known level aborts, and so does what does not unwrap. The
/// level 3 is answered with another one (GS-15).
#[test]
fn what_a_server_takes_for_a_level() {
    for (octets, fits) in [
        (&[1][..], true),
        (&[2], true),
        (&[3], true),
        (&[0], false),
        (&[4], false),
        (&[255], false),
        (&[], false),
        (&[1, 1], false),
        (&[2, 0], false),
    ] {
        let (mut server, context) = before_level(BOTH, false);
        let mut token = Vec::new();
        context.wrap(false, octets, &mut token).unwrap();
        server.hear(&frame(2, &token));
        assert_eq!(server.failure().is_none(), fits, "{octets:?}");
        if !fits {
            assert_eq!(server.said, ABORT);
        }
    }
    let (mut server, context) = before_level(BOTH, false);
    let mut token = Vec::new();
    context.wrap(false, &[1], &mut token).unwrap();
    *token.last_mut().unwrap() ^= 1;
    server.hear(&frame(2, &token));
    assert_eq!(server.said, ABORT);
}

/// GS-12, GS-13: neither side asks the mechanism for confidentiality of the level.
#[test]
fn levels_are_not_confidential() {
    let mechanism = Mechanism::new();
    let mut client = Client::over(&mechanism, TWO);
    client.hear(&[]);
    client.said.clear();
    client.hear(&frame(1, b"A\x01"));
    let token = &client.said[4..];
    assert_eq!((token[0], token.last()), (0, Some(&2)));
    assert_eq!(token.len(), OVERHEAD + 1);

    let (mut server, _) = before_level(TWO, false);
    server.hear(&client.said);
    let token = &server.said[4..];
    assert_eq!((token[0], token.last()), (0, Some(&2)));
}

/// GS-14, GS-16: a client closes on an answer that is no level, or not one of its own.
#[test]
fn what_a_client_takes_for_a_level() {
    for (octets, error) in [
        (&[1][..], None),
        (&[2], None),
        (&[0], Some(ClientError::ProtectionLevel)),
        (&[3], Some(ClientError::ProtectionLevel)),
        (&[4], Some(DecodeError::BadProtectionLevel.into())),
        (&[], Some(DecodeError::BadProtectionLevel.into())),
        (&[2, 2], Some(DecodeError::BadProtectionLevel.into())),
    ] {
        let mechanism = Mechanism::new();
        let mut client = Client::over(&mechanism, BOTH);
        client.hear(&[]);
        client.hear(&frame(1, b"A\x01"));
        let mut token = Vec::new();
        let context = mechanism.contexts(ALICE).1;
        context.wrap(false, octets, &mut token).unwrap();
        client.hear(&frame(2, &token));
        assert_eq!(client.failure(), error.as_ref(), "{octets:?}");
    }
}

/// GS-17, GS-18: the bare level of the vectors `gss-prot-nec-*` is taken under its switch only, and
/// answered in kind; level 0 needs a switch of its own.
#[test]
fn bare_levels() {
    const CLEAR_TOO: Levels = Levels::PROTECTED.or(Levels::CLEAR);
    for (nec, levels, octet, answer) in [
        (true, BOTH, 1, Some(b"\x01\x02\x00\x01\x01")),
        (true, BOTH, 2, Some(b"\x01\x02\x00\x01\x02")),
        (true, CLEAR_TOO, 0, Some(b"\x01\x02\x00\x01\x00")),
        (true, BOTH, 0, None),
        (true, BOTH, 9, None),
        (false, CLEAR_TOO, 0, None),
        (false, BOTH, 1, None),
        (false, BOTH, 2, None),
    ] {
        let (mut server, _) = before_level(levels, nec);
        server.hear(&[1, 2, 0, 1, octet]);
        match answer {
            Some(answer) => assert_eq!(server.said, answer),
            None => assert_eq!(server.said, ABORT, "{octet} {nec}"),
        }
    }
}

/// GS-18: both sides speak NEC's way if both are told to.
#[test]
fn nec_on_both_sides() {
    let mechanism = Mechanism::new();
    for (both, agrees) in [(true, true), (false, false)] {
        let initiator = mechanism.clone();
        let machine = client::Gssapi::new(move || initiator.initiator(ALICE));
        let mut client = Client::new(machine.nec(true));
        let machine = subnegotiation::Gssapi::new(mechanism.acceptor());
        let mut server = Server::new(machine.nec(both));
        converse(&mut client, &mut server, usize::MAX);
        assert_eq!(client.failure().is_none(), agrees);
        assert_eq!(server.failure().is_none(), agrees);
    }
}

/// GS-16: what cannot be agreed is told as that.
#[test]
fn errors() {
    let (mut server, context) = before_level(Levels::NONE, false);
    let mut token = Vec::new();
    context.wrap(false, &[1], &mut token).unwrap();
    server.hear(&frame(2, &token));
    let unacceptable = Refusal::Failed(SubnegotiationError::Unacceptable);
    assert_eq!(server.failure(), Some(&unacceptable));
    assert!(!Levels::from(ProtectionLevel::Selective).contains(ProtectionLevel::Selective));
}

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use mechanism::Mechanism;
use socks_core::{
    client::{ClientError, Gssapi, Socks5, Subnegotiation as _},
    gssapi::{Levels, MAX_ROUNDS, Message},
    subnegotiation::{Step, Subnegotiation as _, SubnegotiationError},
};

use crate::ends::{ABORT, ALICE, Client, Refusal, Server, converse, first_token, frame};

/// GS-1, GS-6, GS-8, GS-11, GS-12: up to 16 rounds, whatever the segments. The client speaks first.
#[test]
fn many_rounds() {
    for mutual in [true, false] {
        for rounds in 1..=MAX_ROUNDS {
            let mechanism = Mechanism::new().rounds(rounds).mutual(mutual);
            for piece in 1..40 {
                let mut client = Client::over(&mechanism, Levels::PROTECTED);
                let mut server = Server::over(&mechanism, Levels::PROTECTED);
                server.hear(&[]);
                assert_eq!(server.said, b"");
                converse(&mut client, &mut server, piece);
                assert_eq!(server.principal.as_deref(), Some(ALICE));
                assert!(server.agreed().is_some() && client.agreed().is_some());
            }
        }
    }
}

/// GS-11: a seventeenth round is aborted, and a client does not ask for one.
#[test]
fn too_many_rounds() {
    let mechanism = Mechanism::new().rounds(MAX_ROUNDS + 1);
    let mut client = Client::over(&mechanism, Levels::PROTECTED);
    let mut server = Server::over(&mechanism, Levels::PROTECTED);
    converse(&mut client, &mut server, usize::MAX);
    assert_eq!(
        server.failure(),
        Some(&Refusal::Failed(SubnegotiationError::Unacceptable))
    );
    assert_eq!(client.failure(), Some(&ClientError::AuthenticationFailed));

    let mut client = Client::over(&mechanism, Levels::PROTECTED);
    client.hear(&[]);
    for round in 1..=MAX_ROUNDS {
        client.hear(&frame(1, &[b'A', round as u8]));
    }
    assert!(matches!(client.failure(), Some(ClientError::Mechanism(_))));
}

/// GS-11: a token may have all that its length can express, and no more is waited for.
#[test]
fn longest_token() {
    let mut server = Server::over(&Mechanism::new(), Levels::PROTECTED);
    let whole = frame(1, &[0; 65535]);
    assert_eq!(whole.len(), server.machine.input_limit());
    let (most, last) = whole.split_at(whole.len() - 1);
    server.hear(most);
    assert!(server.end.is_none());
    server.hear(last);
    assert!(server.failure().is_some());
    assert_eq!(server.said, ABORT);
}

/// GS-7: a server whose mechanism ends silently says so with an empty token; a client takes that,
/// and its absence as well.
#[test]
fn silent_end() {
    let mechanism = Mechanism::new().mutual(false);
    let mut server = Server::over(&mechanism, Levels::PROTECTED);
    server.hear(&frame(1, &first_token()));
    assert_eq!(server.said, frame(1, b""));

    for empties in 0..=2 {
        let mut client = Client::over(&mechanism, Levels::PROTECTED);
        let (_, context) = mechanism.contexts(ALICE);
        client.hear(&[]);
        for _ in 0..empties {
            client.hear(&frame(1, b""));
        }
        let mut token = Vec::new();
        context.wrap(false, &[1], &mut token).unwrap();
        client.hear(&frame(2, &token));
        // One is what a server says; another one is out of order (GS-27).
        assert_eq!(client.failure().is_some(), empties == 2);
    }
}

/// GS-9, GS-28: a principal that is not let in hears an abort in place of the last token, and a token
/// that the mechanism does not take is answered likewise.
#[test]
fn refusals() {
    let mechanism = Mechanism::new();
    let mut client = Client::named(&mechanism, Levels::PROTECTED, "mallory@EXAMPLE.ORG");
    let mut server = Server::over(&mechanism, Levels::PROTECTED);
    client.hear(&[]);
    server.hear(&client.said);
    assert_eq!(server.said, ABORT);
    assert_eq!(server.failure(), Some(&Refusal::Rejected));
    client.hear(&server.said);
    assert_eq!(client.failure(), Some(&ClientError::AuthenticationFailed));

    let mut server = Server::over(&mechanism, Levels::PROTECTED);
    server.hear(&frame(1, b"nonsense"));
    assert_eq!(server.said, ABORT);
    assert!(matches!(
        server.failure(),
        Some(Refusal::Failed(SubnegotiationError::Mechanism(_)))
    ));
}

/// GS-10: an abort is whole after two octets, at any time, and what follows is not looked at.
#[test]
fn aborts() {
    for abort in [ABORT, b"\x01\xff\x00\x00"] {
        let mechanism = Mechanism::new();
        let mut client = Client::over(&mechanism, Levels::PROTECTED);
        client.hear(&[]);
        client.hear(abort);
        assert_eq!(client.failure(), Some(&ClientError::AuthenticationFailed));

        let mut client = Client::over(&mechanism, Levels::PROTECTED);
        client.hear(&[]);
        client.hear(&frame(1, b"A\x01"));
        assert!(client.end.is_none());
        client.hear(abort);
        assert_eq!(client.failure(), Some(&ClientError::AuthenticationFailed));
    }
}

/// GS-8: a client whose mechanism fails says nothing more.
#[test]
fn local_failure() {
    let mut client = Client::over(&Mechanism::new(), Levels::PROTECTED);
    client.hear(&[]);
    client.said.clear();
    client.hear(&frame(1, b"nonsense"));
    assert!(matches!(client.failure(), Some(ClientError::Mechanism(_))));
    assert_eq!(client.said, b"");
}

/// The mechanism is asked in the blocking steps and nowhere else, once a token.
#[test]
fn only_blocking_steps_block() {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = calls.clone();
    let mechanism = Mechanism::new().on_step(move || {
        counted.fetch_add(1, Ordering::Relaxed);
    });
    let mut server = socks_core::subnegotiation::Gssapi::new(mechanism.acceptor());
    let token = frame(1, &first_token());
    let (mut input, mut output) = (token.as_slice(), Vec::new());
    for _ in 0..3 {
        let step = server.step(&mut input, &mut output);
        assert!(matches!(step, Ok(Step::Blocking)), "{step:?}");
        assert_eq!((calls.load(Ordering::Relaxed), output.len()), (0, 0));
    }
    server.block();
    server.block();
    assert_eq!(calls.load(Ordering::Relaxed), 1);
    let step = server.step(&mut input, &mut output);
    assert!(matches!(step, Ok(Step::Verify(_))), "{step:?}");
}

/// GS-30, SE-37: offered as the only method it is the only octet of the offer, and it has nothing to
/// send before the server has selected it.
#[test]
fn offered_alone() {
    let mechanism = Mechanism::new();
    let method = Gssapi::new(move || mechanism.initiator(ALICE));
    assert_eq!(method.method().0, 1);
    let mut output = Vec::new();
    let mut greeted = Socks5::only(method).greet(&mut output);
    assert!(!greeted.send_ahead(&mut output));
    assert_eq!(output, b"\x05\x01\x01");
}

/// GS-31, SE-38: what a mechanism displays is shown escaped.
#[test]
fn hostile_principal() {
    let mechanism = Mechanism::new();
    let mut client = Client::named(&mechanism, Levels::PROTECTED, "al\x1b[2Jice\n@EXAMPLE.ORG");
    let mut server = Server::over(&mechanism, Levels::PROTECTED);
    converse(&mut client, &mut server, usize::MAX);
    let principal = server.principal.unwrap();
    assert_eq!(principal, r"al\x1b[2Jice\n@EXAMPLE.ORG");
}

/// A clone of a client's method begins anew, so a connector can keep one.
#[test]
fn clones_begin_anew() {
    let mechanism = Mechanism::new();
    let initiator = mechanism.clone();
    let mut method = Gssapi::new(move || initiator.initiator(ALICE));
    for _ in 0..2 {
        let mut client = Client::new(method.clone());
        let mut server = Server::over(&mechanism, Levels::PROTECTED);
        converse(&mut client, &mut server, usize::MAX);
        assert!(client.agreed().is_some());
        // The original has begun too.
        let _ = method.step(&mut &[][..], &mut Vec::new());
        method.block();
    }
}

/// GS-2: what both sides say first, octet by octet.
#[test]
fn on_the_wire() {
    let mechanism = Mechanism::new();
    let mut client = Client::over(&mechanism, Levels::INTEGRITY);
    client.hear(&[]);
    assert_eq!(client.said, b"\x01\x01\x00\x13I\x01alice@EXAMPLE.ORG");
    let mut server = Server::over(&mechanism, Levels::INTEGRITY);
    server.hear(&client.said);
    assert_eq!(server.said, b"\x01\x01\x00\x02A\x01");
    client.said.clear();
    client.hear(&server.said);
    let mut said = client.said.as_slice();
    let level = Message::decode(&mut said).unwrap().unwrap();
    assert!(matches!(level, Message::ProtectionLevel(_)) && said.is_empty());
}

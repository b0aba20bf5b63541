use mechanism::Mechanism;
use socks_core::{
    DecodeError, client::ClientError, gssapi::Levels, subnegotiation::SubnegotiationError,
};

use crate::ends::{ABORT, Client, Refusal, Server, first_token, frame};

/// All that is no frame of type 01 or 02, as far as it can be told.
const NEVER: [(&[u8], DecodeError); 5] = [
    (b"\x00", DecodeError::BadVersion(0)),
    (b"\x02\x01\x00\x01\x00", DecodeError::BadVersion(2)),
    (b"\x05\x01\x00\x01\x00", DecodeError::BadVersion(5)),
    (b"\x01\x04\x00\x01\x00", DecodeError::BadMessageType(4)),
    (b"\x01\x00", DecodeError::BadMessageType(0)),
];

fn wrong(expected: u8) -> Vec<(Vec<u8>, DecodeError)> {
    let types = [1, 2, 3].into_iter().filter(|kind| *kind != expected);
    let frames = types.map(|kind| (frame(kind, b"token"), DecodeError::BadMessageType(kind)));
    let never = NEVER.map(|(octets, error)| (octets.to_vec(), error));
    frames.chain(never).collect()
}

/// GS-3, GS-27: before the level is agreed a server answers each frame that is not the next one with
/// an abort and nothing else.
#[test]
fn a_server_aborts() {
    for (octets, error) in wrong(1) {
        for rounds in 0..3 {
            let mechanism = Mechanism::new().rounds(4);
            let mut server = Server::over(&mechanism, Levels::PROTECTED);
            for round in 1..=rounds {
                server.hear(&frame(1, &[b'I', round]));
            }
            server.said.clear();
            assert_refused(server, &octets, error);
        }
    }
    let own_abort = (ABORT.to_vec(), DecodeError::BadMessageType(255));
    for (octets, error) in wrong(2).into_iter().chain([own_abort]) {
        let mut server = Server::over(&Mechanism::new(), Levels::PROTECTED);
        server.hear(&frame(1, &first_token()));
        assert!(server.end.is_none());
        server.said.clear();
        assert_refused(server, &octets, error);
    }
}

fn assert_refused(mut server: Server, octets: &[u8], error: DecodeError) {
    server.hear(octets);
    let error = Refusal::Failed(SubnegotiationError::Malformed(error));
    assert_eq!(server.failure(), Some(&error), "{octets:?}");
    assert_eq!(server.said, ABORT, "{octets:?}");
}

/// GS-3, GS-27: a client closes without a word, while the context is made and behind it.
#[test]
fn a_client_closes() {
    for behind in [false, true] {
        for (octets, error) in wrong(if behind { 2 } else { 1 }) {
            let mut client = Client::over(&Mechanism::new(), Levels::PROTECTED);
            client.hear(&[]);
            if behind {
                client.hear(&frame(1, b"A\x01"));
            }
            client.said.clear();
            client.hear(&octets);
            let error = ClientError::Malformed(error);
            assert_eq!(client.failure(), Some(&error), "{octets:?}");
            assert_eq!(client.said, b"");
        }
    }
}

/// GS-27: a frame of type 02 of the right content is no context token, and the other way round.
#[test]
fn the_type_counts_and_not_the_content() {
    let mut server = Server::over(&Mechanism::new(), Levels::PROTECTED);
    server.hear(&frame(2, &first_token()));
    assert_eq!(server.said, ABORT);
    assert!(server.principal.is_none());
}

/// GS-9: an ended exchange stays ended.
#[test]
fn nothing_follows_an_abort() {
    use socks_core::subnegotiation::Subnegotiation;

    let mut server = Server::over(&Mechanism::new(), Levels::PROTECTED);
    server.hear(&frame(2, b"token"));
    let again = frame(1, &first_token());
    let step = server.machine.step(&mut again.as_slice(), &mut Vec::new());
    assert_eq!(step.unwrap_err(), SubnegotiationError::Unacceptable);
}

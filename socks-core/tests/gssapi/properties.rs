use mechanism::Mechanism;
use proptest::{collection::vec, prelude::*};
use socks_core::gssapi::Levels;

use crate::ends::{ABORT, Client, Server, first_token, frame, protections};

/// Octets that are often frames.
fn octets() -> impl Strategy<Value = Vec<u8>> {
    let any_frame =
        (0_u8..5, vec(any::<u8>(), 0..40)).prop_map(|(kind, token)| frame(kind, &token));
    let piece = prop_oneof![
        any_frame,
        Just(frame(1, &first_token())),
        Just(frame(1, b"A\x01")),
        Just(ABORT.to_vec()),
        vec(any::<u8>(), 0..8),
    ];
    vec(piece, 0..6).prop_map(|pieces| pieces.concat())
}

fn cut(octets: &[u8], cuts: &[usize]) -> Vec<Vec<u8>> {
    let mut rest = octets;
    let mut pieces = Vec::new();
    for cut in cuts {
        let (piece, more) = rest.split_at((*cut).min(rest.len()));
        pieces.push(piece.to_vec());
        rest = more;
    }
    pieces.push(rest.to_vec());
    pieces
}

proptest! {
    /// GS-9, GS-27: whatever a client says, a server ends with an abort or with an agreement, and
    /// in the same way however the octets are cut.
    #[test]
    fn any_client(octets in octets(), cuts in vec(0_usize..20, 0..10)) {
        let mechanism = Mechanism::new();
        let mut whole = Server::over(&mechanism, Levels::PROTECTED);
        whole.hear(&octets);
        if whole.failure().is_some() {
            prop_assert!(whole.said.ends_with(ABORT));
        }
        let mut pieces = Server::over(&mechanism, Levels::PROTECTED);
        cut(&octets, &cuts).iter().for_each(|piece| pieces.hear(piece));
        prop_assert_eq!(pieces.failure(), whole.failure());
        prop_assert_eq!(&pieces.said, &whole.said);
    }

    /// GS-10, GS-27: the same for a client and whatever a server says.
    #[test]
    fn any_server(octets in octets(), cuts in vec(0_usize..20, 0..10)) {
        let mechanism = Mechanism::new();
        let mut whole = Client::over(&mechanism, Levels::PROTECTED);
        whole.hear(&octets);
        let mut pieces = Client::over(&mechanism, Levels::PROTECTED);
        cut(&octets, &cuts).iter().for_each(|piece| pieces.hear(piece));
        prop_assert_eq!(pieces.failure(), whole.failure());
        prop_assert_eq!(&pieces.said, &whole.said);
    }

    /// GS-20: a byte stream goes in and comes out, whatever the writes and the reads.
    #[test]
    fn streams(writes in vec(vec(any::<u8>(), 0..300), 0..8), piece in 1_usize..400) {
        let (mut client, mut server) = protections(&Mechanism::new(), Levels::CONFIDENTIALITY);
        let mut frames = Vec::new();
        for plain in &writes {
            client.wrap(plain, &mut frames).unwrap();
        }
        let (mut waiting, mut heard) = (Vec::new(), Vec::new());
        for octets in frames.chunks(piece) {
            waiting.extend(octets);
            let mut rest = waiting.as_slice();
            server.unwrap(&mut rest, &mut heard).unwrap();
            waiting = rest.to_vec();
        }
        prop_assert!(waiting.is_empty());
        prop_assert_eq!(heard, writes.concat());
    }

    /// GS-22, GS-24: arbitrary octets unwrap to nothing.
    #[test]
    fn nothing_out_of_nothing(octets in vec(any::<u8>(), 0..200)) {
        let (mut client, server) = protections(&Mechanism::new(), Levels::PROTECTED);
        let mut plain = Vec::new();
        for octets in [octets.clone(), frame(3, &octets)] {
            let _ = client.unwrap(&mut octets.as_slice(), &mut plain);
            let _ = server.datagrams().unwrap().unwrap(&octets, &mut plain);
        }
        prop_assert!(plain.is_empty());
    }
}

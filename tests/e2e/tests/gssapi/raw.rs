use std::{net::SocketAddr, sync::Arc};

use mechanism::Mechanism;
use socks_core::gssapi::{Levels, SecurityContext};
use socks_tower::SessionEnd;
use support::{Peer, Server, Target};
use tokio::io::AsyncWriteExt;

use crate::{ALICE, TWO, holds, served};

fn frame(kind: u8, token: &[u8]) -> Vec<u8> {
    let len = u16::try_from(token.len()).unwrap().to_be_bytes();
    [&[1, kind, len[0], len[1]], token].concat()
}

fn wrapped(context: &dyn SecurityContext, confidential: bool, plain: &[u8]) -> Vec<u8> {
    let mut token = Vec::new();
    context.wrap(confidential, plain, &mut token).unwrap();
    token
}

/// A client that was let in and whose level was answered; and its context.
async fn agreed(server: SocketAddr, octet: u8) -> (Peer, Arc<dyn SecurityContext>) {
    let mechanism = Mechanism::new();
    let script = Peer::script().greet([0, 1, 2]).expect_method(1);
    let mut peer = script.run(server).await;
    peer.send(frame(1, &[b"I\x01", ALICE.as_bytes()].concat()))
        .await;
    assert_eq!(peer.read(6).await, b"\x01\x01\x00\x02A\x01");
    let (context, _) = mechanism.contexts(ALICE);
    peer.send(frame(2, &wrapped(&*context, false, &[octet])))
        .await;
    let head = peer.read(4).await;
    assert_eq!(head[..3], [1, 2, 0]);
    let token = peer.read(usize::from(head[3])).await;
    let mut level = Vec::new();
    context.unwrap(&token, &mut level).unwrap();
    assert_eq!(level, [octet]);
    (peer, context)
}

const REQUEST: &[u8] = b"\x05\x01\x00\x03\x0eproxied.target\x00\x50payload";

/// GS-17: with level 0 everything behind the level goes as it is, under a server that says so.
#[tokio::test]
async fn clear() {
    let target = Target::echo().await;
    let mechanism = Mechanism::new();
    let levels = Levels::CLEAR.or(Levels::PROTECTED);
    let server = Server::start(served(target.addr, &mechanism, levels)).await;
    let (mut peer, _) = agreed(server.addr, 0).await;
    peer.send(REQUEST).await;
    assert_eq!(peer.read(4).await, b"\x05\x00\x00\x01");
    peer.read(6).await;
    assert_eq!(peer.read(7).await, b"payload");
    assert_eq!(peer.finish().await, b"");
}

/// GS-19, GS-20: the request's frames cut anywhere, with payload behind it in the same frame.
#[tokio::test]
async fn cut_requests() {
    let target = Target::echo().await;
    let server = Server::start(served(target.addr, &Mechanism::new(), TWO)).await;
    for cut in 1..REQUEST.len() {
        let (mut peer, context) = agreed(server.addr, 2).await;
        let (first, second) = REQUEST.split_at(cut);
        peer.send(frame(3, &wrapped(&*context, true, first))).await;
        peer.send(frame(3, &wrapped(&*context, true, second))).await;
        peer.stream.shutdown().await.unwrap();
        let said = peer.rest().await;
        assert!(!holds(&said, b"payload"));
        let mut frames = said.as_slice();
        let mut plain = Vec::new();
        while let Some(message) = socks_core::gssapi::Message::decode(&mut frames).unwrap() {
            let token = message.token().unwrap();
            context.unwrap(token.as_bytes(), &mut plain).unwrap();
        }
        assert_eq!(plain[..4], *b"\x05\x00\x00\x01");
        assert!(frames.is_empty() && plain.ends_with(b"payload"));
    }
}

/// GS-22, GS-23, GS-27: damage, a message in clear, an empty token, a frame of another type and an end
/// inside a frame end the session at once, without a reply, and nothing of it goes anywhere.
#[tokio::test]
async fn damage() {
    let mut target = Target::silent().await;
    let mut server = Server::start(served(target.addr, &Mechanism::new(), TWO)).await;
    for case in 0..6 {
        let (mut peer, context) = agreed(server.addr, 2).await;
        let good = frame(3, &wrapped(&*context, true, REQUEST));
        let octets = match case {
            0 => {
                let mut damaged = good;
                *damaged.last_mut().unwrap() ^= 1;
                damaged
            }
            1 => frame(3, &wrapped(&*context, false, REQUEST)),
            2 => frame(3, b""),
            3 => frame(1, b"token"),
            4 => REQUEST.to_vec(),
            _ => good[..good.len() - 1].to_vec(),
        };
        peer.send(&octets).await;
        let _ = peer.stream.shutdown().await;
        assert_eq!(peer.rest().await, b"", "case {case}");
        let end = server.report().await.end;
        let expected = match case {
            5 => matches!(end, SessionEnd::Disconnected),
            _ => matches!(end, SessionEnd::Io(_)),
        };
        assert!(expected, "case {case}: {end:?}");
    }
    assert!(!target.has_connection());
}

/// GS-9, GS-27: before the level is agreed a server says `01 FF` and closes.
#[tokio::test]
async fn aborts() {
    let target = Target::silent().await;
    let mut server = Server::start(served(target.addr, &Mechanism::new(), TWO)).await;
    for first in [
        frame(2, b"\x01"),
        frame(3, b"token"),
        frame(1, b"nonsense"),
        b"\x01\x04\x00\x01\x00".to_vec(),
        b"\x02\x01\x00\x01\x00".to_vec(),
    ] {
        let script = Peer::script().greet([1]).expect_method(1);
        let mut peer = script.run(server.addr).await;
        peer.send(&first).await;
        assert_eq!(peer.rest().await, b"\x01\xff");
        drop(peer);
        assert!(matches!(
            server.report().await.end,
            SessionEnd::Malformed(_)
        ));
    }
}

/// GS-20: frames with nothing in them are well protected and say nothing: neither do they end the
/// stream nor are they in anybody's way, however many.
#[tokio::test]
async fn empty_frames() {
    let target = Target::echo().await;
    let server = Server::start(served(target.addr, &Mechanism::new(), TWO)).await;
    let (mut peer, context) = agreed(server.addr, 2).await;
    let mut frames = Vec::new();
    for piece in REQUEST.chunks(1) {
        for _ in 0..100 {
            frames.extend(frame(3, &wrapped(&*context, true, b"")));
        }
        frames.extend(frame(3, &wrapped(&*context, true, piece)));
    }
    frames.extend(frame(3, &wrapped(&*context, true, b"")));
    peer.send(frames).await;
    peer.stream.shutdown().await.unwrap();
    let said = peer.rest().await;
    let (mut rest, mut plain) = (said.as_slice(), Vec::new());
    while let Some(message) = socks_core::gssapi::Message::decode(&mut rest).unwrap() {
        let token = message.token().unwrap();
        context.unwrap(token.as_bytes(), &mut plain).unwrap();
    }
    assert_eq!(plain[..4], *b"\x05\x00\x00\x01");
    assert!(rest.is_empty() && plain.ends_with(b"payload"));
}

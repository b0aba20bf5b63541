use std::time::SystemTime;

use socks_core::{Address, Command, message::SessionId};
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tower::ServiceExt;
use tower_layer::Layer;

use super::*;
use crate::{
    AdaptiveRelay, RelayEnd,
    inspect::InspectLayer,
    relay::tests::tunnel,
    udp::Direction::{self, ToClient, ToTarget},
};

fn octets(record: TapRecord) -> (Direction, u64, Vec<u8>) {
    match record.event {
        TapEvent::Octets {
            direction,
            offset,
            data,
        } => (direction, offset, data.to_vec()),
        event => panic!("{event:?}"),
    }
}

/// Everything is seen in order, with its place, its time and its session.
#[tokio::test]
async fn a_tunnel() {
    let (tap, mut reader) = tap(16);
    let (client, mut near) = duplex(64);
    let (target, mut far) = duplex(64);
    let relay = InspectLayer::new(tap).layer(AdaptiveRelay::new());
    let before = SystemTime::now();
    let relay = tokio::spawn(relay.oneshot(tunnel(client, target)));
    let record = reader.recv().await.unwrap();
    assert!(record.at >= before);
    assert_eq!(record.session, SessionId(1));
    let TapEvent::Begin {
        command,
        destination,
        ..
    } = record.event
    else {
        panic!("{:?}", record.event)
    };
    assert_eq!(command, Command::Connect);
    let expected: std::net::SocketAddr = "127.0.0.1:80".parse().unwrap();
    assert_eq!(destination, Address::Socket(expected));

    near.write_all(b"ques").await.unwrap();
    assert_eq!(
        octets(reader.recv().await.unwrap()),
        (ToTarget, 0, b"ques".into())
    );
    near.write_all(b"tion").await.unwrap();
    assert_eq!(
        octets(reader.recv().await.unwrap()),
        (ToTarget, 4, b"tion".into())
    );
    far.write_all(b"answer").await.unwrap();
    assert_eq!(
        octets(reader.recv().await.unwrap()),
        (ToClient, 0, b"answer".into())
    );
    for (end, expected) in [(&mut near, (ToTarget, 8)), (&mut far, (ToClient, 6))] {
        end.shutdown().await.unwrap();
        match reader.recv().await.unwrap().event {
            TapEvent::End { direction, offset } => assert_eq!((direction, offset), expected),
            event => panic!("{event:?}"),
        }
    }
    assert_eq!(relay.await.unwrap().unwrap(), RelayEnd::Closed);
    assert!(matches!(reader.recv().await.unwrap().event, TapEvent::Over));
    assert!(reader.recv().await.is_none());
    assert_eq!(reader.dropped(), 0);
}

/// A reader that does not read costs copies and nothing else; the gap shows in the next place. One that is gone
/// ends the looking.
#[tokio::test]
async fn a_slow_reader() {
    let (tap, mut reader) = tap(2);
    let (client, mut near) = duplex(8);
    let (target, mut far) = duplex(8);
    let relay = InspectLayer::new(tap.clone()).layer(AdaptiveRelay::new());
    let relay = tokio::spawn(relay.oneshot(tunnel(client, target)));
    for _ in 0..100 {
        near.write_all(b"octets").await.unwrap();
        far.read_exact(&mut [0; 6]).await.unwrap();
    }
    assert_eq!((tap.dropped(), reader.dropped()), (99, 99));
    assert!(matches!(
        reader.recv().await.unwrap().event,
        TapEvent::Begin { .. }
    ));
    assert_eq!(octets(reader.recv().await.unwrap()).1, 0);
    assert!(reader.try_recv().is_none());
    near.write_all(b"octets").await.unwrap();
    assert_eq!(octets(reader.recv().await.unwrap()).1, 600);
    drop(reader);
    for _ in 0..10 {
        near.write_all(b"octets").await.unwrap();
        far.read_exact(&mut [0; 6]).await.unwrap();
    }
    assert_eq!(tap.dropped(), 99);
    drop((near, far));
    let _ = relay.await.unwrap();
}

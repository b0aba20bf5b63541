use std::time::Duration;

use socks_core::ReplyCode;
use socks_tower::{Incoming, SessionEnd, TcpBinder};
use support::{Peer, Server};
use tokio::{io::AsyncWriteExt, net::TcpStream, time::Instant};
use tower::ServiceExt;

use super::{is_reset, listen_at, listening, nobody, reply, reply4, requesting, serving};

/// BI-15, S4-19, SE-59: nobody comes within 120 s; the second reply says so, and the port is free.
#[tokio::test(start_paused = true)]
async fn the_wait_has_a_deadline() {
    for socks4 in [false, true] {
        let (client, io) = tokio::io::duplex(64);
        let socks = serving(TcpBinder::new());
        let session = tokio::spawn(socks.oneshot(Incoming::unnamed(io)));
        let since = Instant::now();
        let (script, second) = match socks4 {
            false => (
                requesting().bind("127.0.0.1:0").expect_reply(0),
                reply(6, nobody()),
            ),
            true => (
                Peer::script()
                    .request4(2, "127.0.0.1:21", "")
                    .expect_reply4(0x5a),
                reply4(0x5b, nobody()),
            ),
        };
        let mut client = script.run_over(client).await;
        let bound = client.bound.unwrap();
        assert!(listen_at(bound).is_err(), "it listens");
        assert_eq!(client.rest().await, second);
        let waited = since.elapsed().as_secs_f64();
        assert!((120.0..120.5).contains(&waited), "{waited}");
        listen_at(bound).expect("the port is free again");
        drop(client);
        let SessionEnd::Failed { code, .. } = session.await.unwrap().unwrap().end else {
            panic!("it failed");
        };
        assert_eq!(code, ReplyCode::TTL_EXPIRED);
    }
}

/// BI-15: strangers do not put the deadline off.
#[tokio::test(start_paused = true)]
async fn strangers_do_not_prolong_the_wait() {
    let (client, io) = tokio::io::duplex(64);
    let socks = serving(TcpBinder::new());
    let session = tokio::spawn(socks.oneshot(Incoming::unnamed(io)));
    let since = Instant::now();
    let script = requesting().bind("127.0.0.2:0").expect_reply(0);
    let mut client = script.run_over(client).await;
    let bound = client.bound.unwrap();
    for _ in 0..2 {
        tokio::time::advance(Duration::from_secs(50)).await;
        let stranger = TcpStream::connect(bound).await.unwrap();
        assert!(is_reset(stranger).await);
    }
    assert_eq!(client.rest().await, reply(6, nobody()));
    let waited = since.elapsed().as_secs_f64();
    assert!((120.0..120.5).contains(&waited), "{waited}");
    drop(client);
    session.await.unwrap().unwrap();
}

/// BI-16: a client that closes, resets or half-closes its connection while its peer is awaited frees
/// the port at once, whatever it sent before.
#[tokio::test]
async fn the_port_is_freed_with_the_client() {
    let mut server = Server::start(serving(TcpBinder::new())).await;
    for way in ["close", "reset", "half-close"] {
        let (mut client, bound) = listening(&server, "127.0.0.1:0").await;
        client.send("early").await;
        let mut half = None;
        match way {
            "close" => drop(client),
            "reset" => {
                client.stream.set_zero_linger().unwrap();
                drop(client);
            }
            _ => {
                client.stream.shutdown().await.unwrap();
                half = Some(client);
            }
        }
        let end = server.report().await.end;
        assert!(matches!(end, SessionEnd::Disconnected), "{way}: {end:?}");
        listen_at(bound).expect("the port is free again");
        drop(half);
    }
}

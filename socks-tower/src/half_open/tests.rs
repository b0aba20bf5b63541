use std::{
    convert::Infallible,
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use proptest::prelude::*;
use socks_core::message::Endpoint;
use tokio::{
    io::{AsyncReadExt, DuplexStream, duplex},
    sync::oneshot,
};
use tower::{Service, service_fn};
use tower_layer::Layer;
use tower_test::mock;

use super::{counts::*, *};
use crate::{Incoming, SessionEnd, SessionReport, clients::host};

/// How many of all draws are refused, and of how many.
fn chance(throttle: Throttle, open: u32) -> (u64, u64) {
    let mut of = 1;
    throttle.refuses(open, |below| {
        of = below;
        0
    });
    let refused = (0..of).filter(|draw| throttle.refuses(open, |_| *draw));
    (refused.count() as u64, of)
}

/// SE-15: the rate at `start`, everything at `full`, and evenly in between, as sshd has it.
#[test]
fn chances_rise_evenly() {
    let throttle: Throttle = "10:30:60".parse().unwrap();
    for (open, percent) in [(0, 0), (9, 0), (10, 30), (35, 65), (60, 100), (1000, 100)] {
        let (refused, of) = chance(throttle, open);
        assert_eq!(refused * 100, percent * of, "{open}");
    }
    assert_eq!(chance(Throttle::at_most(3), 2), (0, 1));
    assert_eq!(chance(Throttle::at_most(3), 3), (1, 1));
    assert_eq!(chance(Throttle::new(3, 100, 9), 3), (1, 1));
    assert_eq!(chance(Throttle::new(0, 100, 0), 0), (1, 1));
}

#[test]
fn throttles_in_text() {
    for text in ["10:30:60", "0:1:0", "7:100:7"] {
        assert_eq!(text.parse::<Throttle>().unwrap().to_string(), text);
    }
    assert_eq!("7".parse(), Ok(Throttle::at_most(7)));
    for text in [
        "", "a", "-1", "1:2", "1:0:2", "1:101:2", "2:30:1", "1:2:3:4", "1::3", "1:300:2",
    ] {
        assert!(text.parse::<Throttle>().is_err(), "{text}");
    }
    assert_eq!(Throttle::new(9, 200, 1), Throttle::new(9, 100, 9));
}

fn network(client: &str) -> Option<IpAddr> {
    let client: SocketAddr = client.parse().unwrap();
    Endpoint::from(client).ip().map(host)
}

/// SE-15: an IPv4 address counts by itself, however it is written (SE-9), an IPv6 address with its /64.
#[test]
fn who_is_one_client() {
    let counts = Counts::new(Limits {
        total: None,
        per_client: Some(Throttle::at_most(2)),
    });
    for (client, let_in) in [
        ("192.0.2.1:1", true),
        ("[::ffff:192.0.2.1]:2", true),
        ("192.0.2.1:3", false),
        ("192.0.2.2:1", true),
        ("[2001:db8::1]:1", true),
        ("[2001:db8::ffff:0:0:2]:1", true),
        ("[2001:db8::3]:1", false),
        ("[2001:db8:0:1::3]:1", true),
    ] {
        assert_eq!(counts.enter(network(client)), let_in, "{client}");
    }
    for _ in 0..9 {
        assert!(counts.enter(None));
    }
    assert_eq!(
        (counts.len(), counts.networks(), counts.refused()),
        (15, 4, 2)
    );
}

proptest! {
    /// SE-15: against plain counting; nothing is kept of a client that is gone.
    #[test]
    fn nobody_is_miscounted(steps in prop::collection::vec((0..5_u8, any::<bool>()), 0..200)) {
        let limits = Limits { total: Some(Throttle::at_most(6)), per_client: Some(Throttle::at_most(2)) };
        let counts = Counts::new(limits);
        let mut open: Vec<u8> = Vec::new();
        for (client, enters) in steps {
            let network = network(&format!("192.0.2.{client}:1"));
            let of_client = open.iter().filter(|other| **other == client).count();
            if enters {
                let let_in = open.len() < 6 && of_client < 2;
                prop_assert_eq!(counts.enter(network), let_in);
                if let_in {
                    open.push(client);
                }
            } else if let Some(at) = open.iter().position(|other| *other == client) {
                open.swap_remove(at);
                counts.leave(network);
            }
            prop_assert_eq!(counts.len() as usize, open.len());
        }
        let left = open.len();
        open.sort_unstable();
        open.dedup();
        prop_assert_eq!(counts.networks(), open.len());
        prop_assert!(left <= 6);
    }
}

fn client() -> (DuplexStream, Incoming<DuplexStream>) {
    let (client, io) = duplex(16);
    let peer: SocketAddr = "192.0.2.1:1".parse().unwrap();
    (client, Incoming::new(io, peer, Endpoint::Unnamed))
}

/// SE-15, SE-19: what is refused hears nothing and is reported and counted, and nothing behind is called.
#[tokio::test]
async fn a_refusal() {
    let (mock, mut handle) = mock::pair::<Incoming<DuplexStream>, SessionReport>();
    handle.allow(2);
    let layer = HalfOpenLayer::new("1:50:2".parse::<Throttle>().unwrap()).random(|below| {
        assert_eq!(below, 100);
        49
    });
    let half_open = layer.handle();
    let mut service = layer.layer(mock);
    std::future::poll_fn(|cx| service.poll_ready(cx))
        .await
        .unwrap();
    let (_first, incoming) = client();
    let serving = service.call(incoming);
    let _request = handle.next_request().await.unwrap();
    assert_eq!((half_open.len(), half_open.is_empty()), (1, false));

    std::future::poll_fn(|cx| service.poll_ready(cx))
        .await
        .unwrap();
    let (mut second, incoming) = client();
    let report = service.call(incoming).await.unwrap();
    assert!(matches!(report.end, SessionEnd::NotAdmitted));
    assert_eq!(report.limit.as_deref(), Some("half-open"));
    assert_eq!(second.read(&mut [0]).await.unwrap(), 0);
    assert_eq!((half_open.len(), half_open.refused()), (1, 1));

    // A session that is cut off is not open any more.
    drop(serving);
    assert!(half_open.is_empty());
}

/// SE-15: the limits change while it runs, for all together and each client; chance has its say.
#[tokio::test]
async fn adjusted_while_running() {
    let layer = HalfOpenLayer::new(None).per_client(Throttle::at_most(1));
    let half_open = layer.handle();
    let (release, hold) = oneshot::channel::<()>();
    let hold = futures_util::FutureExt::shared(hold);
    let service = layer.layer(service_fn(move |incoming: Incoming<DuplexStream>| {
        let hold = hold.clone();
        async move {
            let _ = hold.await;
            Ok::<_, Infallible>(SessionReport::new(&incoming))
        }
    }));
    let mut serving = Vec::new();
    let mut refused = 0;
    for (total, per_client, expected) in [
        (None, Some(Throttle::at_most(1)), 0),
        (None, Some(Throttle::at_most(1)), 1),
        (None, Some(Throttle::at_most(2)), 0),
        (Some(Throttle::at_most(2)), None, 1),
        (None, None, 0),
        (Some(Throttle::new(3, 50, 1_000_000)), None, 2),
    ] {
        half_open.set_total(total);
        half_open.set_per_client(per_client);
        assert_eq!(half_open.limits(), (total, per_client));
        let times = if expected == 2 { 64 } else { 1 };
        let before = half_open.refused();
        for _ in 0..times {
            serving.push(tokio::spawn(service.clone().call(client().1)));
            tokio::task::yield_now().await;
        }
        let now = half_open.refused() - before;
        refused += now;
        match expected {
            // One chance in 2^64 that the system's numbers are all on one side.
            2 => assert!(now > 0 && now < 64),
            expected => assert_eq!(now, expected),
        }
    }
    let all = serving.len() as u64;
    assert_eq!(u64::from(half_open.len()), all - refused);
    release.send(()).unwrap();
    let mut not_admitted = 0;
    for serving in serving {
        let report = serving.await.unwrap().unwrap();
        not_admitted += u64::from(matches!(report.end, SessionEnd::NotAdmitted));
    }
    assert_eq!(not_admitted, refused);
    assert!(half_open.is_empty());
}

/// Each of two layers has its place left when the driver says so, though the extensions keep only the inner one's.
#[tokio::test]
async fn one_around_another() {
    let (outer, inner) = (HalfOpenLayer::new(None), HalfOpenLayer::new(None));
    let handles = Arc::new((outer.handle(), inner.handle()));
    let sees = Arc::clone(&handles);
    let service = service_fn(move |incoming: Incoming<DuplexStream>| {
        assert_eq!((sees.0.len(), sees.1.len()), (1, 1));
        incoming.extensions.get::<HalfOpenPlace>().unwrap().leave();
        assert_eq!((sees.0.len(), sees.1.len()), (0, 0));
        async move { Ok::<_, Infallible>(SessionReport::new(&incoming)) }
    });
    let mut service = outer.layer(inner.layer(service));
    service.call(client().1).await.unwrap();
    assert_eq!((handles.0.len(), handles.1.len()), (0, 0));
}

use super::*;

/// UP-24: what becomes known of a session is seen while it runs, for a session of each kind.
#[tokio::test(start_paused = true)]
async fn sessions_show_what_they_know() {
    let socks = Socks::new();
    let (sessions, service) = listed(&socks);
    for (command, name, remote) in [
        (1, "connect", Some(crate::testing::remote())),
        (2, "bind", Some(crate::testing::remote())),
        (3, "udp associate", None),
    ] {
        let mut client = Client::connect(&service).await;
        settle().await;
        let live = only(&sessions);
        assert!(!live.is_open() && live.access_request().is_none());
        let known = live.snapshot();
        assert_eq!(known.listener.as_deref(), Some("front"));
        assert_eq!(known.peer.to_string(), "10.0.0.1:1080");
        assert!(known.version.is_none() && known.identity.is_none());

        assert_eq!(client.ask(b"alice", command, b"target.example").await, 0);
        settle().await;
        assert!(live.is_open() && live.is_user(b"alice") && !live.is_user(b"alic"));
        let known = live.snapshot();
        assert_eq!(known.version.unwrap().to_string(), "socks5");
        assert_eq!(known.command.unwrap().name(), name);
        let destination = known.destination.unwrap().to_string();
        // A name that a client of UDP ASSOCIATE calls its own says nothing.
        let expected = if command == 3 {
            "0.0.0.0:80"
        } else {
            "target.example:80"
        };
        assert_eq!(destination, expected);
        assert_eq!(known.remote, remote);
        assert_eq!(&*known.terms.unwrap().rule, "all");
        let asked = live.access_request().unwrap();
        assert_eq!(asked.conn.id, live.id());
        assert_eq!(asked.identity.groups[0].as_ref(), "staff");

        assert_eq!(sessions.find(live.id()).unwrap().id(), live.id());
        let report = client.leave().await;
        assert_eq!(report.id, live.id());
        assert!(sessions.is_empty() && sessions.find(live.id()).is_none());
    }
}

/// A session is off the list however it ends: refused, dropped, or left by its client at any point.
#[tokio::test(start_paused = true)]
async fn ended_sessions_are_off_the_list() {
    let socks = Socks::new();
    let (sessions, service) = listed(&socks);
    let mut client = Client::connect(&service).await;
    assert_eq!(client.ask(b"alice", 1, b"denied.example").await, 2);
    client.leave().await;
    assert!(sessions.is_empty());

    let client = Client::connect(&service).await;
    settle().await;
    assert_eq!(sessions.len(), 1);
    client.abort().await;
    assert!(sessions.is_empty());

    let mut client = Client::connect(&service).await;
    assert_eq!(client.ask(b"alice", 1, b"target.example").await, 0);
    client.abort().await;
    assert!(sessions.is_empty());

    // Never polled at all.
    let (_, io) = tokio::io::duplex(16);
    let future = service.clone().call(Incoming::unnamed(io));
    assert_eq!(sessions.len(), 1);
    drop(future);
    assert!(sessions.is_empty());
}

/// What sessions have relayed is seen while they do, per second as well, and stays counted when
/// they have ended.
#[tokio::test(start_paused = true)]
async fn octets_and_rates() {
    let socks = Socks::new();
    let (sessions, service) = listed(&socks);
    let mut meter = Meter::new();
    assert_eq!(meter.read(&sessions).1, Rate::default());

    let mut client = Client::connect(&service).await;
    assert_eq!(client.ask(b"alice", 1, b"target.example").await, 0);
    client.send(&[0; 4000]).await;
    let mut target = socks.target();
    target.write_all(&[0; 1000]).await.unwrap();
    settle().await;
    tokio::time::advance(Duration::from_secs(2)).await;
    let (measured, all) = meter.read(&sessions);
    assert_eq!(
        measured[0].octets,
        Octets {
            sent: 4000,
            received: 1000
        }
    );
    let rate = Rate {
        sent: 2000.0,
        received: 500.0,
    };
    assert_eq!((measured[0].rate, all), (rate, rate));

    // An association counts where its relay does.
    let mut udp = Client::connect(&service).await;
    assert_eq!(udp.ask(b"alice", 3, b"target.example").await, 0);
    let (traffic, counters) = socks.association.lock().unwrap().clone().unwrap();
    traffic.add_sent(300);
    counters.add_sent();
    settle().await;
    drop(target);
    client.leave().await;
    tokio::time::advance(Duration::from_secs(1)).await;
    let (measured, all) = meter.read(&sessions);
    assert_eq!(measured.len(), 1);
    assert_eq!(measured[0].live.snapshot().datagrams.unwrap().sent(), 1);
    assert_eq!(
        measured[0].rate,
        Rate {
            sent: 300.0,
            received: 0.0
        }
    );
    assert_eq!(all, measured[0].rate);
    assert_eq!(
        sessions.octets(),
        Octets {
            sent: 4300,
            received: 1000
        }
    );
    udp.leave().await;
    assert_eq!(
        sessions.octets(),
        Octets {
            sent: 4300,
            received: 1000
        }
    );
}

/// What a session costs that can be watched, and that one costs nothing that is not.
#[test]
fn memory_is_bounded() {
    let octets = size_of::<Live>();
    assert!(octets <= 512, "{octets}");
    let incoming = Incoming::unnamed(());
    assert!(incoming.live.is_none());
}

/// Numbers are exact: they are never used again, and none is another's.
#[tokio::test]
async fn numbers_are_never_reused() {
    let mut last = SessionId(0);
    for _ in 0..100 {
        let mut incoming = Incoming::unnamed(());
        let live = incoming.live();
        assert_eq!(live.id(), incoming.live().id());
        assert!(live.id() > last);
        last = live.id();
    }
}

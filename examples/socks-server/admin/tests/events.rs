use std::time::Duration;

use axum::body::BodyDataStream;
use futures_util::StreamExt;
use support::Target;
use tokio::time::Instant;

use super::*;

/// The events of a stream.
struct Events(BodyDataStream);

impl Events {
    async fn new(fixture: &Fixture, query: &str) -> Self {
        let response = fixture.get(&format!("/events{query}")).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(
            response.headers()[header::CONTENT_TYPE],
            "text/event-stream"
        );
        Self(response.into_body().into_data_stream())
    }

    async fn next(&mut self) -> Value {
        let octets = self.0.next().await.unwrap().unwrap();
        let text = str::from_utf8(&octets).unwrap();
        let data = text.strip_prefix("event: now\ndata: ").unwrap();
        serde_json::from_str(data.strip_suffix("\n\n").unwrap()).unwrap()
    }
}

/// An event at once, then one each second.
#[tokio::test(start_paused = true)]
async fn one_a_second() {
    let fixture = Fixture::new();
    let mut events = Events::new(&fixture, "").await;
    let began = Instant::now();
    for second in 0..3 {
        let now = events.next().await;
        assert_eq!(now["draining"], false);
        assert_eq!(now["total"], 0);
        assert_eq!(began.elapsed(), Duration::from_secs(second));
    }
    fixture.draining.send_replace(true);
    assert_eq!(events.next().await["draining"], true);
}

/// Streams have sixteen places, and one that is not read any more gives its place back.
#[tokio::test(start_paused = true)]
async fn places() {
    let fixture = Fixture::new();
    let mut streams = Vec::new();
    for _ in 0..16 {
        streams.push(Events::new(&fixture, "").await);
    }
    let refused = fixture.get("/events").await;
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    streams.pop();
    streams.push(Events::new(&fixture, "").await);
}

#[tokio::test]
async fn sessions_in_their_order() {
    let fixture = Fixture::new();
    let (server, target) = (fixture.server().await, Target::echo().await);
    let mut peers = Vec::new();
    for (name, octets) in [("alice", 10), ("bob", 30), ("carol", 20)] {
        let mut peer = tunnel(&server, name.as_bytes(), &target).await;
        peer.send(vec![0; octets]).await;
        assert_eq!(peer.read(octets).await.len(), octets);
        peers.push(peer);
    }
    // The target has sent it all; what is counted may be a moment behind.
    while fixture.sessions.octets().received < 60 {
        tokio::task::yield_now().await;
    }
    let port = target.addr.port();
    for (query, users, matched) in [
        ("", &["carol", "bob", "alice"][..], 3),
        ("?sort=octets", &["bob", "carol", "alice"], 3),
        ("?sort=started&limit=2", &["carol", "bob"], 3),
        ("?filter=", &["carol", "bob", "alice"], 3),
        ("?filter=AL", &["alice"], 1),
        ("?filter=o&limit=1", &["carol"], 3),
        ("?filter=nobody", &[], 0),
        (
            &format!("?filter=127.0.0.1:{port}"),
            &["carol", "bob", "alice"],
            3,
        ),
    ] {
        let now = Events::new(&fixture, query).await.next().await;
        let found = now["sessions"].as_array().unwrap();
        let found: Vec<_> = found
            .iter()
            .map(|row| row["user"].as_str().unwrap())
            .collect();
        assert_eq!(found, users, "{query}");
        assert_eq!(now["matched"], matched, "{query}");
        assert_eq!(now["total"], 3);
        assert_eq!(now["octets"]["received"], 60);
    }
}

use std::{convert::Infallible, future::pending};

use serde_json::json;
use socks_tower::{Incoming, SessionEnd, SessionReport, sessions::EndReason};
use support::Target;
use tower::{Layer, Service, service_fn};

use super::*;

fn ids(page: &Value) -> Vec<u64> {
    let sessions = page["sessions"].as_array().unwrap();
    sessions
        .iter()
        .map(|row| row["id"].as_u64().unwrap())
        .collect()
}

#[tokio::test]
async fn a_session_says_who_where_to_and_how_much() {
    let fixture = Fixture::new();
    let (server, target) = (fixture.server().await, Target::echo().await);
    assert_eq!(fixture.json("/sessions").await["total"], 0);
    let mut peer = tunnel(&server, b"alice", &target).await;
    peer.send("hello").await;
    assert_eq!(peer.read(5).await, b"hello");

    let page = loop {
        // Rates are of a reading that may be from before; and so may be what is counted.
        let page = fixture.json("/sessions").await;
        let row = &page["sessions"][0];
        if row["octets"]["received"] == 5 && row["rate"]["sent"] != 0.0 {
            break page;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(page["total"], 1);
    assert_eq!(page["next"], Value::Null);
    assert_eq!(page["octets"], json!({ "sent": 5, "received": 5 }));
    assert!(page["interval"].is_number());
    let row = &page["sessions"][0];
    let destination = target.addr.to_string();
    for (field, value) in [
        ("peer", json!(peer.local_addr().to_string())),
        ("local", json!(server.addr.to_string())),
        ("listener", json!(null)),
        ("version", json!("socks5")),
        ("user", json!("alice")),
        ("user_encoded", json!("alice")),
        ("groups", json!(["staff"])),
        ("method", json!("username/password")),
        ("claimed", json!(null)),
        ("ident", json!(null)),
        ("command", json!("connect")),
        ("destination", json!(destination)),
        ("remote", json!(destination)),
        ("rule", json!(null)),
        ("limits", json!([])),
        ("open", json!(true)),
        ("octets", json!({ "sent": 5, "received": 5 })),
        ("datagrams", json!(null)),
    ] {
        assert_eq!(row[field], value, "{field}");
    }
    assert!(row["started"].as_f64().unwrap() > 1.7e9);
    assert!(row["age"].as_f64().unwrap() >= 0.0);
    assert!(row["rate"]["sent"].as_f64().unwrap() > 0.0);
}

/// SE-38: whatever octets a name has, what is answered is printable ASCII and one field; and with what stands there
/// exactly this user's sessions are chosen and ended.
#[tokio::test]
async fn hostile_names() {
    let names: [&[u8]; 8] = [
        b"</td><script>alert(1)</script>",
        b"\"},{\"id\":0",
        b"a\r\nb\x1b[31m\0",
        b"\xff\xfe\x80",
        "\u{202e}\u{0}é".as_bytes(),
        b"a&user=b",
        b"a%20+b c",
        &[b'x'; 255],
    ];
    let fixture = Fixture::new();
    let (mut server, target) = (fixture.server().await, Target::echo().await);
    let mut peers = Vec::new();
    for name in names {
        peers.push(tunnel(&server, name, &target).await);
    }
    let answer = text(fixture.get("/sessions").await).await;
    assert!(answer.bytes().all(|octet| matches!(octet, b' '..=b'~')));
    let page: Value = serde_json::from_str(&answer).unwrap();
    assert_eq!(page["sessions"].as_array().unwrap().len(), names.len());
    for (row, name) in page["sessions"].as_array().unwrap().iter().zip(names) {
        assert_eq!(row["user"], name.escape_ascii().to_string());
        let encoded = row["user_encoded"].as_str().unwrap();
        let chosen = fixture.json(&format!("/sessions?user={encoded}")).await;
        assert_eq!(ids(&chosen), [row["id"].as_u64().unwrap()]);
        let ended = json(fixture.delete(&format!("/sessions?user={encoded}")).await).await;
        assert_eq!(ended, json!({ "ended": 1 }));
        let report = server.report().await;
        assert_eq!(report.id.0, row["id"].as_u64().unwrap());
        assert!(matches!(
            report.end,
            SessionEnd::Ended(reason) if *reason == EndReason::Administrator
        ));
    }
}

#[tokio::test]
async fn one_session_is_ended_and_no_other() {
    let fixture = Fixture::new();
    let (mut server, target) = (fixture.server().await, Target::echo().await);
    let _first = tunnel(&server, b"alice", &target).await;
    let mut second = tunnel(&server, b"alice", &target).await;
    let all = ids(&fixture.json("/sessions").await);
    let path = format!("/sessions/{}", all[0]);
    assert_eq!(
        json(fixture.delete(&path).await).await,
        json!({ "ended": 1 })
    );
    let report = server.report().await;
    assert!(matches!(
        report.end,
        SessionEnd::Ended(reason) if *reason == EndReason::Administrator
    ));
    assert_eq!(report.id.0, all[0]);
    second.send("still").await;
    assert_eq!(second.read(5).await, b"still");
    // It is gone, and so it stays.
    assert_eq!(fixture.delete(&path).await.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn all_of_a_user_are_ended_and_nobody_elses() {
    let fixture = Fixture::new();
    let (mut server, target) = (fixture.server().await, Target::echo().await);
    let mut peers = Vec::new();
    for name in [b"alice".as_slice(), b"alicf", b"alice", b"Alice"] {
        peers.push(tunnel(&server, name, &target).await);
    }
    let ended = fixture.delete("/sessions?user=alice").await;
    assert_eq!(json(ended).await, json!({ "ended": 2 }));
    for _ in 0..2 {
        let report = server.report().await;
        let user = report.identity.unwrap().user.clone().unwrap();
        assert_eq!(user.as_bytes(), b"alice");
    }
    for index in [1, 3] {
        peers[index].send("still").await;
        assert_eq!(peers[index].read(5).await, b"still");
    }
    let ended = fixture.delete("/sessions?user=alice").await;
    assert_eq!(json(ended).await, json!({ "ended": 0 }));
}

/// What is misspelt or missing ends nobody, and chooses nothing.
#[tokio::test]
async fn mistakes_are_refused() {
    let fixture = Fixture::new();
    for (method, path, why) in [
        ("DELETE", "/sessions", "user: expected"),
        ("DELETE", "/sessions?user=", "user: expected"),
        ("DELETE", "/sessions?usr=a", "usr: unknown"),
        (
            "DELETE",
            "/sessions?user=a&user=b",
            "user: unknown, or there twice",
        ),
        ("DELETE", "/sessions?user=a&filter=b", "filter: unknown"),
        ("DELETE", "/sessions/1?user=a", "user: unknown"),
        ("DELETE", "/sessions/x", "expected the number"),
        ("GET", "/sessions?limit=0", "limit: expected"),
        ("GET", "/sessions?limit=1001", "limit: expected"),
        ("GET", "/sessions?limit=-1", "limit: expected"),
        ("GET", "/sessions?after=x", "after: expected"),
        ("GET", "/sessions?filter=%ff", "filter: expected UTF-8"),
        ("GET", "/sessions?usr=a", "usr: unknown"),
        ("GET", "/sessions?%0d%0a=a", "\\r\\n: unknown"),
        ("GET", "/events?limit=501", "limit: expected"),
        ("GET", "/events?sort=name", "sort: expected"),
    ] {
        let request = request(method, path).body(Body::empty()).unwrap();
        let response = fixture.ask(request).await;
        assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{path}");
        let text = text(response).await;
        assert!(text.starts_with(why), "{path}: {text}");
    }
    for (method, path, status) in [
        ("POST", "/sessions", StatusCode::METHOD_NOT_ALLOWED),
        ("DELETE", "/metrics", StatusCode::METHOD_NOT_ALLOWED),
        ("OPTIONS", "/sessions", StatusCode::METHOD_NOT_ALLOWED),
        ("GET", "/nothing", StatusCode::NOT_FOUND),
        ("GET", "/page/../token.rs", StatusCode::NOT_FOUND),
    ] {
        let request = request(method, path).body(Body::empty()).unwrap();
        assert_eq!(fixture.ask(request).await.status(), status, "{path}");
    }
}

/// Ten thousand sessions are read page by page, each once, while others come and go.
#[tokio::test]
async fn ten_thousand_are_paged() {
    let fixture = Fixture::new();
    let silent = service_fn(|_: Incoming<()>| pending::<Result<SessionReport, Infallible>>());
    let mut service = fixture.sessions.layer().layer(silent);
    let mut live: Vec<_> = (0..10_000)
        .map(|_| service.call(Incoming::unnamed(())))
        .collect();
    let stay: Vec<_> = fixture
        .sessions
        .list()
        .iter()
        .map(|live| live.id().0)
        .collect();
    let (mut seen, mut next) = (Vec::new(), 0);
    loop {
        let page = fixture
            .json(&format!("/sessions?limit=1000&after={next}"))
            .await;
        seen.extend(ids(&page));
        // One of those that were seen leaves, and one comes.
        live.swap_remove(0);
        live.push(service.call(Incoming::unnamed(())));
        match page["next"].as_u64() {
            Some(after) => next = after,
            None => break,
        }
    }
    assert!(seen.is_sorted_by(|a, b| a < b), "none twice");
    let missing = stay
        .iter()
        .filter(|id| seen.binary_search(id).is_err())
        .count();
    assert!(missing <= 10, "those that left: {missing}");
    assert_eq!(fixture.json("/sessions?limit=1").await["total"], 10_000);
}

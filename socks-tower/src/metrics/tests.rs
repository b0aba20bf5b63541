use std::{collections::BTreeMap, sync::Arc, time::Duration};

use metrics_util::{
    MetricKind,
    debugging::{DebugValue, DebuggingRecorder, Snapshotter},
};
use socks_core::{Command, message::Terms};
use tower_layer::Layer;

use super::*;
use crate::{
    Incoming, SessionEnd, SessionReport, Sessions,
    record::Record,
    sessions::EndReason,
    testing::{Client, PASSWORD, Socks, settle},
    udp::DropReason,
};

/// What was recorded, by `name{label=value,…}`. A histogram is how often something was put into it.
struct Scrape {
    snapshotter: Snapshotter,
    /// A snapshot of this recorder begins anew.
    sums: BTreeMap<String, i64>,
}

impl Scrape {
    fn of(recorder: &DebuggingRecorder) -> Self {
        Self {
            snapshotter: recorder.snapshotter(),
            sums: BTreeMap::new(),
        }
    }

    fn update(&mut self) {
        for (key, unit, what, value) in self.snapshotter.snapshot().into_vec() {
            let (kind, key) = key.into_parts();
            let labels = key
                .labels()
                .map(|label| format!("{}={}", label.key(), label.value()));
            let mut labels: Vec<_> = labels.collect();
            labels.sort();
            let value = match value {
                DebugValue::Counter(count) => count as i64,
                DebugValue::Gauge(value) => value.0 as i64,
                DebugValue::Histogram(values) => values.len() as i64,
            };
            // Described, with the suffix that Prometheus wants for its kind and unit.
            assert!(unit.is_some() && what.is_some(), "{key}");
            assert_eq!(
                kind == MetricKind::Counter,
                key.name().ends_with("_total"),
                "{key}"
            );
            assert_eq!(
                kind == MetricKind::Histogram,
                key.name().ends_with("_seconds"),
                "{key}"
            );
            let name = format!("{}{{{}}}", key.name(), labels.join(","));
            *self.sums.entry(name).or_default() += value;
        }
    }

    #[track_caller]
    fn expect(&mut self, metric: &str, value: i64) {
        self.update();
        assert_eq!(
            self.sums.get(metric),
            Some(&value),
            "{metric} in {:#?}",
            self.sums
        );
    }
}

/// SE-44: connections, handshakes, sessions and replies are counted by what they came to, and no
/// label is anything that a peer chose.
#[tokio::test(start_paused = true)]
async fn sessions_are_counted() {
    let recorder = DebuggingRecorder::new();
    let mut scrape = Scrape::of(&recorder);
    let _installed = metrics::set_default_local_recorder(&recorder);
    Metrics::describe();
    let socks = Socks::new();
    let service = Metrics::new().layer().layer(socks.service.clone());

    for (name, code) in [
        (&b"target.example"[..], 0),
        (b"denied.example", 2),
        (b"full.example", 2),
        (b"refused.example", 5),
    ] {
        let mut client = Client::connect(&service).await;
        assert_eq!(client.ask(b"mallory", 1, name).await, code);
        settle().await;
        if code == 0 {
            scrape.expect("socks_connections_open{listener=front}", 1);
            scrape.expect("socks_sessions_open{command=connect}", 1);
            drop(socks.target());
        }
        client.leave().await;
    }
    let mut client = Client::connect(&service).await;
    client
        .send(&[b"\x05\x01\x02\x01\x05alice\x1cx", &PASSWORD[..27]].concat())
        .await;
    client.ended().await;
    Client::connect(&service).await.leave().await;

    for (metric, value) in [
        ("socks_connections_total{listener=front}", 6),
        ("socks_connections_open{listener=front}", 0),
        ("socks_sessions_open{command=connect}", 0),
        (
            "socks_handshakes_total{method=username/password,result=ok,version=socks5}",
            4,
        ),
        (
            "socks_handshakes_total{method=none,result=rejected,version=socks5}",
            1,
        ),
        (
            "socks_handshakes_total{method=none,result=disconnected,version=none}",
            1,
        ),
        ("socks_sessions_total{command=connect,end=closed}", 1),
        ("socks_sessions_total{command=connect,end=refused}", 2),
        ("socks_sessions_total{command=connect,end=failed}", 1),
        ("socks_sessions_total{command=none,end=rejected}", 1),
        ("socks_replies_total{code=00,command=connect}", 1),
        ("socks_replies_total{code=02,command=connect}", 2),
        ("socks_replies_total{code=05,command=connect}", 1),
        ("socks_rules_total{rule=all,verdict=allowed}", 2),
        ("socks_rules_total{rule=no,verdict=refused}", 1),
        ("socks_limits_reached_total{limit=places}", 1),
        ("socks_session_seconds{command=connect}", 1),
        ("socks_dial_seconds{}", 1),
    ] {
        scrape.expect(metric, value);
    }
    for chosen in ["mallory", "alice", "example", "10.0.0", "192.0"] {
        assert!(
            !scrape.sums.keys().any(|metric| metric.contains(chosen)),
            "{chosen}"
        );
    }
}

/// What long sessions relay is counted while they run, once, and the rest at their end, dropped or
/// not; datagrams too.
#[tokio::test(start_paused = true)]
async fn octets_are_counted_while_they_pass() {
    let recorder = DebuggingRecorder::new();
    let mut scrape = Scrape::of(&recorder);
    let _installed = metrics::set_default_local_recorder(&recorder);
    Metrics::describe();
    let socks = Socks::new();
    let metrics = Metrics::new();
    let service = metrics.layer().layer(socks.service.clone());
    let sent = "socks_payload_bytes_total{command=connect,direction=sent}";
    let updates = tokio::spawn(metrics.update_every(Duration::from_secs(5)));

    let mut client = Client::connect(&service).await;
    assert_eq!(client.ask(b"alice", 1, b"target.example").await, 0);
    client.send(&[0; 1000]).await;
    tokio::time::sleep(Duration::from_secs(6)).await;
    scrape.expect(sent, 1000);
    client.send(&[0; 500]).await;
    settle().await;
    metrics.update();
    metrics.update();
    scrape.expect(sent, 1500);
    client.send(&[0; 70]).await;
    settle().await;
    client.abort().await;
    scrape.expect(sent, 1570);
    scrape.expect("socks_sessions_total{command=connect,end=aborted}", 1);
    assert!(format!("{metrics:?}").contains("open: 0"));
    updates.abort();

    let mut udp = Client::connect(&service).await;
    assert_eq!(udp.ask(b"alice", 3, b"target.example").await, 0);
    let (traffic, counters) = socks.association.lock().unwrap().clone().unwrap();
    traffic.add_received(100);
    counters.add_received();
    counters.drop_one(DropReason::Foreign);
    metrics.update();
    traffic.add_received(20);
    counters.drop_one(DropReason::Foreign);
    counters.drop_one(DropReason::Rate);
    udp.leave().await;
    scrape.expect(
        "socks_payload_bytes_total{command=udp_associate,direction=received}",
        120,
    );
    scrape.expect("socks_datagrams_total{direction=received}", 1);
    scrape.expect("socks_datagrams_dropped_total{reason=foreign}", 2);
    scrape.expect("socks_datagrams_dropped_total{reason=rate}", 1);
}

/// All sessions are counted, however many turns that takes, with gaps among them.
#[tokio::test(start_paused = true)]
async fn many_sessions_are_counted() {
    let recorder = DebuggingRecorder::new();
    let mut scrape = Scrape::of(&recorder);
    let _installed = metrics::set_default_local_recorder(&recorder);
    Metrics::describe();
    let (socks, metrics) = (Socks::new(), Metrics::new());
    let service = metrics.layer().layer(socks.service.clone());
    let mut clients = Vec::new();
    for _ in 0..600 {
        let mut client = Client::connect(&service).await;
        assert_eq!(client.ask(b"alice", 1, b"target.example").await, 0);
        clients.push(client);
    }
    for client in clients.drain(100..200) {
        client.abort().await;
    }
    for client in &mut clients {
        client.send(&[0; 7]).await;
    }
    settle().await;
    metrics.update();
    let sent = "socks_payload_bytes_total{command=connect,direction=sent}";
    scrape.expect(sent, 7 * clients.len() as i64);
}

/// A limit that ends a session is counted as one that refuses it.
#[tokio::test(start_paused = true)]
async fn limits_that_end_sessions_are_counted() {
    let recorder = DebuggingRecorder::new();
    let mut scrape = Scrape::of(&recorder);
    let _installed = metrics::set_default_local_recorder(&recorder);
    Metrics::describe();
    let (socks, sessions) = (Socks::new(), Sessions::new());
    let service = Metrics::new()
        .layer()
        .layer(sessions.layer().layer(socks.service.clone()));
    let mut client = Client::connect(&service).await;
    assert_eq!(client.ask(b"alice", 1, b"target.example").await, 0);
    settle().await;
    sessions.end_user(b"alice", EndReason::Limit("volume".into()));
    client.ended().await;
    scrape.expect("socks_limits_reached_total{limit=volume}", 1);
    scrape.expect("socks_sessions_total{command=connect,end=ended}", 1);
}

/// SE-44: however many names rules are given over time, a label has so many values and no more.
#[test]
fn labels_are_bounded() {
    let recorder = DebuggingRecorder::new();
    let mut scrape = Scrape::of(&recorder);
    metrics::with_local_recorder(&recorder, || {
        Metrics::describe();
        let metrics = Metrics::new();
        for rule in 0..300 {
            let mut incoming = Incoming::unnamed(());
            let entry = metrics.begin(&incoming.live());
            let mut report = SessionReport::new(&incoming);
            report.command = Some(Command::Connect);
            report.terms = Some(Arc::new(Terms::new(format!("rule {rule}"))));
            report.end = SessionEnd::Closed;
            metrics.end(entry, &report);
        }
    });
    scrape.update();
    let rules = scrape
        .sums
        .keys()
        .filter(|metric| metric.starts_with("socks_rules_total"));
    assert_eq!(rules.count(), 257);
    scrape.expect("socks_rules_total{rule=other,verdict=allowed}", 44);
}

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::sync::mpsc;
use tower_layer::Layer;

use super::*;
use crate::{
    Incoming, SessionEnd, Sessions,
    lines::LineWriter,
    record::Record,
    sessions::EndReason,
    testing::{Client, Socks, settle},
};

fn kinds(events: &mut mpsc::Receiver<Event>) -> Vec<&'static str> {
    let mut kinds = Vec::new();
    while let Ok(event) = events.try_recv() {
        kinds.push(event.kind.name());
    }
    kinds
}

/// UP-24: each session that got what it asked for has one start and one stop, also if it was
/// dropped or ended from outside; what was refused has neither.
#[tokio::test(start_paused = true)]
async fn a_stop_for_every_start() {
    let (socks, sessions) = (Socks::new(), Sessions::new());
    let (account, mut events) = channel(64);
    let accounting = Accounting::new(account).instance("test");
    let service = accounting
        .layer()
        .layer(sessions.layer().layer(socks.service.clone()));
    let mut sequence = 0;
    for (command, how, end) in [
        (1, "leave", "closed"),
        (2, "leave", "closed"),
        (3, "leave", "closed"),
        (1, "abort", "aborted"),
        (3, "abort", "aborted"),
        (1, "end", "ended"),
    ] {
        let mut client = Client::connect(&service).await;
        assert_eq!(client.ask(b"alice", command, b"target.example").await, 0);
        settle().await;
        let start = events.try_recv().unwrap();
        assert_eq!(start.kind, EventKind::Start);
        assert!(matches!(start.report.end, SessionEnd::Running));
        assert_eq!(
            start
                .report
                .identity
                .as_ref()
                .unwrap()
                .user
                .as_ref()
                .unwrap(),
            "alice"
        );
        if command < 3 {
            client.send(b"12345").await;
            settle().await;
            drop(socks.target());
        }
        let id = start.report.id;
        match how {
            "leave" => drop(client.leave().await),
            "abort" => client.abort().await,
            _ => {
                assert!(sessions.end(id, EndReason::Administrator));
                client.ended().await;
            }
        }
        let stop = events.try_recv().unwrap();
        assert_eq!((stop.kind, stop.report.id), (EventKind::Stop, id));
        assert_eq!(stop.report.end.name(), end);
        assert_eq!(stop.report.sent, if command < 3 { 5 } else { 0 });
        assert_eq!(&*stop.report.terms.as_ref().unwrap().rule, "all");
        assert_eq!((start.sequence, stop.sequence), (sequence, sequence + 1));
        assert_eq!((&*start.instance, start.started), ("test", stop.started));
        sequence += 2;
    }

    for name in [&b"denied.example"[..], b"refused.example"] {
        let mut client = Client::connect(&service).await;
        assert_ne!(client.ask(b"alice", 1, name).await, 0);
        client.leave().await;
    }
    let mut client = Client::connect(&service).await;
    client.log_in(b"alice", crate::testing::PASSWORD).await;
    client.abort().await;
    assert!(kinds(&mut events).is_empty());
}

/// Interim events come at their interval while a session goes on, from one timer, with what it has
/// relayed by then.
#[tokio::test(start_paused = true)]
async fn interim_events_while_it_goes_on() {
    let socks = Socks::new();
    let (account, mut events) = channel(64);
    let accounting = Accounting::new(account);
    let service = accounting.layer().layer(socks.service.clone());
    let timer = tokio::spawn(accounting.interim_every(Duration::from_secs(160)));
    tokio::time::sleep(Duration::from_secs(3)).await;
    let mut client = Client::connect(&service).await;
    assert_eq!(client.ask(b"alice", 3, b"target.example").await, 0);
    let (traffic, _) = socks.association.lock().unwrap().clone().unwrap();
    let began = tokio::time::Instant::now();
    settle().await;
    assert_eq!(kinds(&mut events), ["start"]);
    for interim in 1..=3 {
        traffic.add_sent(10);
        let event = events.recv().await.unwrap();
        assert_eq!(event.kind, EventKind::Interim);
        assert_eq!(event.report.sent, interim * 10);
        // When it is due, and no later than the next look.
        let late = began.elapsed().as_secs_f64() - interim as f64 * 160.0;
        assert!((0.0..=10.01).contains(&late), "{late}");
    }
    client.leave().await;
    assert_eq!(kinds(&mut events), ["stop"]);
    tokio::time::sleep(Duration::from_secs(500)).await;
    assert!(kinds(&mut events).is_empty());
    timer.abort();
}

/// However many sessions there are, each is told of once in an interval.
#[tokio::test(start_paused = true)]
async fn interim_events_of_many() {
    let (account, mut events) = channel(4096);
    let accounting = Accounting::new(account);
    let mut entries = Vec::new();
    for _ in 0..1000 {
        let live = Incoming::unnamed(()).live();
        let mut entry = accounting.begin(&live);
        Record::open(&accounting, &mut entry, &live);
        entries.push((entry, live));
    }
    // Some places are empty.
    for (entry, live) in entries.drain(100..300) {
        accounting.end(entry, &live.report(SessionEnd::Closed));
    }
    assert_eq!(kinds(&mut events).len(), 1200);
    let timer = tokio::spawn(accounting.interim_every(Duration::from_secs(160)));
    tokio::time::sleep(Duration::from_secs(175)).await;
    assert_eq!(kinds(&mut events), ["interim"; 800]);
    timer.abort();
}

/// A receiver that is slow costs events, which are counted and missing in the sequence, and no time.
#[tokio::test(start_paused = true)]
async fn what_is_lost_is_counted() {
    let socks = Socks::new();
    let (account, mut events) = channel(1);
    let seen = Arc::<Mutex<Vec<u64>>>::default();
    let all = Arc::clone(&seen);
    let accounting = Accounting::new(account.clone())
        .and(move |event: Event| all.lock().unwrap().push(event.sequence));
    let service = accounting.layer().layer(socks.service.clone());
    for _ in 0..2 {
        let mut client = Client::connect(&service).await;
        assert_eq!(client.ask(b"alice", 3, b"target.example").await, 0);
        client.leave().await;
    }
    assert_eq!(kinds(&mut events), ["start"]);
    assert_eq!(account.dropped(), 3);
    assert_eq!(*seen.lock().unwrap(), [0, 1, 2, 3]);
}

/// SE-34, SE-38: a file has a line of JSON for each event, without a secret, and is complete when
/// the server and its accounting are gone.
#[tokio::test(start_paused = true)]
async fn a_file_has_a_line_an_event() {
    let socks = Socks::new();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("accounts");
    let accounting = Accounting::new(FileAccount::new(LineWriter::file(&path).build().unwrap()));
    let service = accounting.layer().layer(socks.service.clone());
    let mut client = Client::connect(&service).await;
    assert_eq!(client.ask(b"al\nice", 1, b"target.example").await, 0);
    settle().await;
    client.abort().await;
    drop((service, accounting));

    let written = std::fs::read_to_string(&path).unwrap();
    assert!(!written.contains("correct-horse"));
    let lines: Vec<serde_json::Value> = written
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 2);
    for (sequence, (line, event)) in lines.iter().zip(["start", "stop"]).enumerate() {
        assert_eq!(line["event"], event);
        assert_eq!(line["sequence"], sequence);
        assert_eq!(line["user"], "al\\nice");
        assert_eq!(line["started"], lines[0]["started"]);
        assert!(
            line["instance"]
                .as_str()
                .is_some_and(|instance| !instance.is_empty())
        );
    }
    assert_eq!(lines[0]["end"], serde_json::Value::Null);
    assert_eq!(lines[1]["end"], "aborted");
}

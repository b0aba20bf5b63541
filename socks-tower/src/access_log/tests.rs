use serde_json::Value;
use tokio::sync::mpsc;
use tower_layer::Layer;

use super::*;
use crate::{
    Incoming, SessionEnd, Sessions,
    lines::{Format, LineWriter},
    record::Record,
    sessions::EndReason,
    testing::{Client, PASSWORD, Socks, settle},
};

type Lines = mpsc::Receiver<Vec<u8>>;

fn next(lines: &mut Lines) -> Value {
    let line = lines.try_recv().unwrap();
    serde_json::from_slice(&line).unwrap()
}

/// Who ended a session that could have gone on is in its line, whether it was told to end or was cut.
#[test]
fn who_ended_it() {
    let (writer, mut lines) = LineWriter::channel(16);
    let log = AccessLog::new(Format::Json, writer);
    for (end, name, reason) in [
        (SessionEnd::Cut("used_up"), "cut", Some("used_up")),
        (
            SessionEnd::Ended(Box::new(EndReason::Limit("month".into()))),
            "ended",
            Some("limit month"),
        ),
        (SessionEnd::Idle, "idle", None),
    ] {
        let live = Incoming::unnamed(()).live();
        log.end((), &live.report(end));
        let line = next(&mut lines);
        assert_eq!(line["end"], name);
        assert_eq!(line["reason"].as_str(), reason);
    }
}

/// SE-34, UP-24: one line for each session of each kind, however it ended, which says who, where to
/// and how much, and shows no secret.
#[tokio::test(start_paused = true)]
async fn one_line_a_session() {
    let socks = Socks::new();
    let (writer, mut lines) = LineWriter::channel(16);
    let log = AccessLog::new(Format::Json, writer);
    let service = log.layer().layer(socks.service.clone());
    for (command, name) in [(1, "connect"), (2, "bind"), (3, "udp associate")] {
        let mut client = Client::connect(&service).await;
        assert_eq!(
            client.ask(b"ali\r\nce", command, b"target.example").await,
            0
        );
        if command < 3 {
            client.send(b"12345").await;
            settle().await;
            drop(socks.target());
        }
        assert!(lines.try_recv().is_err(), "it is not over");
        client.leave().await;
        let line = next(&mut lines);
        let text = |field: &str| line[field].as_str().map(str::to_owned).unwrap();
        assert_eq!(text("user"), "ali\\r\\nce");
        assert_eq!(text("command"), name);
        assert_eq!(text("listener"), "front");
        assert_eq!(text("peer"), "10.0.0.1:1080");
        assert_eq!(text("local"), "10.0.0.2:1080");
        assert_eq!(text("version"), "socks5");
        assert_eq!(text("method"), "username/password");
        assert_eq!(text("rule"), "all");
        assert_eq!(line["groups"], serde_json::json!(["staff"]));
        match command {
            3 => assert_eq!(line["datagrams_dropped"], 0),
            _ => {
                assert_eq!(text("remote"), "192.0.2.1:80");
                assert_eq!(text("destination"), "target.example:80");
                assert_eq!(line["sent"], 5);
            }
        }
        assert!(line["milliseconds"].is_u64() && text("time").ends_with('Z'));
        assert!(lines.try_recv().is_err());
    }
}

/// How each session ended: refused by a rule or a limit, by the target, by itself.
#[tokio::test(start_paused = true)]
async fn refusals_say_why() {
    let socks = Socks::new();
    let (writer, mut lines) = LineWriter::channel(16);
    let log = AccessLog::new(Format::Json, writer);
    let service = log.layer().layer(socks.service.clone());
    for (name, field, value, code) in [
        (&b"denied.example"[..], "rule", "no", 2),
        (b"full.example", "limit", "places", 2),
        (b"refused.example", "error", "connection refused", 5),
    ] {
        let mut client = Client::connect(&service).await;
        assert_eq!(client.ask(b"alice", 1, name).await, code);
        client.leave().await;
        let line = next(&mut lines);
        assert_eq!(line[field], value);
        assert_eq!(line["code"], format!("{code:02x}"));
        assert_eq!(line["end"], if code == 2 { "refused" } else { "failed" });
    }
    // A password that is wrong is no more to be seen than one that is right.
    let mut client = Client::connect(&service).await;
    client
        .send(&[b"\x05\x01\x02\x01\x05alice\x1cx", &PASSWORD[..27]].concat())
        .await;
    client.ended().await;
    let line = String::from_utf8(lines.try_recv().unwrap()).unwrap();
    assert!(
        line.contains("\"end\":\"rejected\"") && !line.contains("horse"),
        "{line}"
    );
}

/// A session that is dropped has its line, with what is known of it by then; one that was ended
/// says who did it.
#[tokio::test(start_paused = true)]
async fn dropped_sessions_are_logged() {
    let socks = Socks::new();
    let (writer, mut lines) = LineWriter::channel(16);
    let log = AccessLog::new(Format::Text, writer);
    let sessions = Sessions::new();
    let service = log
        .layer()
        .layer(sessions.layer().layer(socks.service.clone()));
    for aborted in [true, false] {
        let mut client = Client::connect(&service).await;
        assert_eq!(client.ask(b"alice", 1, b"target.example").await, 0);
        client.send(b"12345").await;
        settle().await;
        match aborted {
            true => client.abort().await,
            false => {
                sessions.end_user(b"alice", EndReason::Administrator);
                client.ended().await;
            }
        }
        let line = String::from_utf8(lines.try_recv().unwrap()).unwrap();
        let end = if aborted {
            "end=aborted\n"
        } else {
            "end=ended reason=administrator\n"
        };
        assert!(line.ends_with(end), "{line}");
        for part in [
            "user=alice ",
            "command=connect ",
            "destination=target.example:80 ",
            "sent=5 ",
        ] {
            assert!(line.contains(part), "{part} in {line}");
        }
    }
}

/// A rule's class chooses where a session is logged, or that it is not.
#[tokio::test(start_paused = true)]
async fn classes_go_elsewhere() {
    let socks = Socks::new();
    let (writer, mut lines) = LineWriter::channel(16);
    let (other, mut others) = LineWriter::channel(16);
    let log = AccessLog::new(Format::Json, writer);
    for (log, usual, elsewhere) in [
        (log.clone(), 1, 0),
        (log.clone().class("quiet", other), 0, 1),
        (log.leave_out("quiet"), 0, 0),
    ] {
        let service = log.layer().layer(socks.service.clone());
        let mut client = Client::connect(&service).await;
        assert_eq!(client.ask(b"alice", 1, b"quiet.example").await, 0);
        drop(socks.target());
        client.leave().await;
        assert_eq!((lines.len(), others.len()), (usual, elsewhere));
        for lines in [&mut lines, &mut others] {
            while let Ok(line) = lines.try_recv() {
                assert_eq!(
                    serde_json::from_slice::<Value>(&line).unwrap()["class"],
                    "quiet"
                );
            }
        }
    }
}

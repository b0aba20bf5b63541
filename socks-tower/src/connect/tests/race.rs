use std::{io::ErrorKind, time::Duration};

use super::{Event::*, FakeDial, Outcome::*, addr};
use crate::{
    ConnectErrorKind,
    connect::race::{interleave, race},
    reply_code,
};

const DELAY: Duration = Duration::from_millis(250);
const A: &str = "[2001:db8::a]:80";
const B: &str = "192.0.2.2:80";
const C: &str = "[2001:db8::c]:80";

/// R5-59: families in turn, IPv6 first (RFC 8305 §4).
#[test]
fn families_take_turns() {
    let order = |addrs: &[&str]| interleave(addrs.iter().map(|text| addr(text)));
    let [v4, v6] = [
        ["192.0.2.1:1", "192.0.2.2:1"],
        ["[2001:db8::1]:1", "[2001:db8::2]:1"],
    ];
    let turns = [v6[0], v4[0], v6[1], v4[1]].map(addr);
    assert_eq!(order(&[v4[0], v4[1], v6[0], v6[1]]), turns);
    assert_eq!(
        order(&[v6[0], v6[1], v4[0]]),
        [v6[0], v4[0], v6[1]].map(addr)
    );
    assert_eq!(order(&v4), v4.map(addr));
    assert_eq!(order(&[]), []);
}

/// R5-59: attempts start one delay apart; when one connects, the others are dropped.
#[tokio::test(start_paused = true)]
async fn attempts_are_staggered_and_the_losers_dropped() {
    let dial = FakeDial::new(&[(A, Hangs), (B, Hangs), (C, Connects(40))]);
    let (_, winner) = race(&dial, &[A, B, C].map(addr), DELAY).await.unwrap();
    assert_eq!(winner, addr(C));
    let mut events = dial.events.lock().unwrap();
    let dropped = events.split_off(3);
    assert_eq!(
        *events,
        [
            Started(addr(A), 0),
            Started(addr(B), 250),
            Started(addr(C), 500)
        ]
    );
    assert_eq!(dropped.len(), 2);
    assert!(dropped.contains(&Dropped(addr(A), 540)));
    assert!(dropped.contains(&Dropped(addr(B), 540)));
}

/// R5-59: a slow attempt goes on while later ones run, and may still win.
#[tokio::test(start_paused = true)]
async fn the_first_attempt_may_win_late() {
    let dial = FakeDial::new(&[(A, Connects(300)), (B, Hangs)]);
    let (_, winner) = race(&dial, &[A, B, C].map(addr), DELAY).await.unwrap();
    assert_eq!(winner, addr(A));
    assert_eq!(
        *dial.events.lock().unwrap(),
        [
            Started(addr(A), 0),
            Started(addr(B), 250),
            Dropped(addr(B), 300)
        ]
    );
}

/// R5-59: the next attempt does not wait when one fails.
#[tokio::test(start_paused = true)]
async fn a_failure_starts_the_next_attempt_at_once() {
    let refused = Fails(10, ErrorKind::ConnectionRefused);
    let dial = FakeDial::new(&[(A, refused), (B, refused), (C, Connects(0))]);
    let (_, winner) = race(&dial, &[A, B, C].map(addr), DELAY).await.unwrap();
    assert_eq!(winner, addr(C));
    assert_eq!(
        *dial.events.lock().unwrap(),
        [
            Started(addr(A), 0),
            Started(addr(B), 10),
            Started(addr(C), 20)
        ]
    );
}

/// R5-60: of several failures the one that got furthest is reported, whichever came first.
#[tokio::test(start_paused = true)]
async fn the_furthest_failure_is_reported() {
    let ranked = [
        ErrorKind::ConnectionRefused,
        ErrorKind::TimedOut,
        ErrorKind::HostUnreachable,
        ErrorKind::NetworkUnreachable,
        ErrorKind::Other,
    ];
    let codes = [0x05, 0x06, 0x04, 0x03, 0x01];
    for (first, one) in ranked.into_iter().enumerate() {
        for (second, other) in ranked.into_iter().enumerate() {
            let dial = FakeDial::new(&[(A, Fails(5, one)), (B, Fails(5, other))]);
            let error = race(&dial, &[A, B].map(addr), DELAY).await.unwrap_err();
            assert_eq!(error.kind(), ConnectErrorKind::Io);
            assert_eq!(
                reply_code(&error).0,
                codes[first.min(second)],
                "{one} {other}"
            );
        }
    }
}

/// Addresses that never answer hold six sockets at most; one that fails makes room for the next.
#[tokio::test(start_paused = true)]
async fn few_attempts_at_once() {
    let all: Vec<String> = (1..=16).map(|n| format!("192.0.2.{n}:80")).collect();
    let mut outcomes: Vec<_> = all.iter().map(|text| (text.as_str(), Hangs)).collect();
    outcomes[2].1 = Fails(5_000, ErrorKind::ConnectionRefused);
    let dial = FakeDial::new(&outcomes);
    let addrs: Vec<_> = all.iter().map(|text| addr(text)).collect();
    let racing = race(&dial, &addrs, DELAY);
    let _ = tokio::time::timeout(Duration::from_secs(30), racing).await;
    let events = dial.events.lock().unwrap();
    let started = events.iter().filter(|event| matches!(event, Started(..)));
    assert_eq!(started.count(), 7);
}

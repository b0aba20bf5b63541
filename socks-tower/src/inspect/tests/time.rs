use std::time::Duration;

use bytes::Bytes;
use tokio::time::{Instant, advance};

use super::*;
use crate::Cut;

async fn later(seconds: u64) {
    settle().await;
    advance(Duration::from_secs(seconds)).await;
    settle().await;
}

/// What is held for too long is shown a last time, as overdue, and can be decided about then.
#[tokio::test(start_paused = true)]
async fn overdue() {
    let (inspector, shown) = Up::new(|chunk: &Chunk<'_>| match chunk.overdue {
        true => Inspection::Rewrite(Bytes::from_static(b"late")),
        false => Inspection::Hold,
    });
    let mut bench = Bench::new(inspector);
    bench.say(b"wa").await;
    later(9).await;
    // More of it does not begin the time anew.
    bench.say(b"it").await;
    assert_eq!(bench.heard().await, b"");
    later(1).await;
    assert_eq!(bench.heard().await, b"late");
    let last = shown.lock().unwrap().last().cloned();
    assert_eq!(last, Some((b"wait".to_vec(), false, true)));
    // The next hold has its own time.
    bench.say(b"again").await;
    later(9).await;
    assert_eq!(bench.heard().await, b"");
    later(1).await;
    assert_eq!(bench.heard().await, b"late");
}

/// An inspector that holds on is given up: the tunnel is cut, or the rest passes unseen.
#[tokio::test(start_paused = true)]
async fn held_too_long() {
    for exceeded in [Exceeded::Cut, Exceeded::Pass] {
        let (inspector, shown) = Up::new(|_: &Chunk<'_>| Inspection::Hold);
        let patience = Duration::from_secs(3);
        let mut bench = Bench::with(inspector, |layer| {
            layer.hold_timeout(patience).exceeded(exceeded)
        });
        bench.say(b"wait").await;
        later(2).await;
        assert_eq!(bench.heard().await, b"");
        later(1).await;
        assert_eq!(shown.lock().unwrap().len(), 2);
        match exceeded {
            Exceeded::Cut => assert_eq!(bench.cut().await, Cut::new("held")),
            Exceeded::Pass => {
                assert_eq!(bench.heard().await, b"wait");
                bench.say(b" unseen").await;
                assert_eq!(bench.finish().await, b" unseen");
                assert_eq!(shown.lock().unwrap().len(), 2);
            }
        }
    }
}

/// A decision that does not come is not waited for any longer than octets that do not.
#[tokio::test(start_paused = true)]
async fn a_decision_that_does_not_come() {
    let (inspector, _) = Up::new(|_: &Chunk<'_>| Inspection::later(std::future::pending()));
    let mut bench = Bench::new(inspector);
    let started = Instant::now();
    bench.say(b"may I?").await;
    assert_eq!(bench.cut().await, Cut::new("held"));
    assert_eq!(started.elapsed(), Duration::from_secs(10));
}

/// SE-21: octets that are held do not keep a tunnel alive, and those that pass do.
#[tokio::test(start_paused = true)]
async fn idle() {
    let (inspector, _) = Up::new(|chunk: &Chunk<'_>| match chunk.data {
        b"pass" => Inspection::Pass,
        _ => Inspection::Hold,
    });
    let (client, mut near) = duplex(64);
    let (target, mut far) = duplex(64);
    let relay = InspectLayer::new(Once::new(inspector))
        .hold_timeout(Duration::MAX)
        .layer(AdaptiveRelay::new().idle_timeout(Duration::from_secs(60)));
    let relay = tokio::spawn(relay.oneshot(tunnel(client, target)));
    let started = Instant::now();
    near.write_all(b"pass").await.unwrap();
    far.read_exact(&mut [0; 4]).await.unwrap();
    later(40).await;
    near.write_all(b"pass").await.unwrap();
    far.read_exact(&mut [0; 4]).await.unwrap();
    later(40).await;
    near.write_all(b"hold").await.unwrap();
    assert_eq!(relay.await.unwrap().unwrap(), RelayEnd::Idle);
    assert_eq!(started.elapsed(), Duration::from_secs(100));
}

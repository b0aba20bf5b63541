use std::{
    sync::atomic::{AtomicI64, Ordering},
    time::Duration,
};

use jiff::Timestamp;

use super::*;

const WORK: &str = "time_zone = \"Europe/Berlin\"\ntimes.work = \"mon-fri 08:00-18:00\"\n\
                    [[request]]\ntime = \"$work\"\nverdict = \"allow\"";

fn at(time: &str) -> i64 {
    time.parse::<Timestamp>().unwrap().as_second()
}

/// A window of time opens and closes for new requests and for permits; whoever keeps verdicts hears of it.
#[tokio::test(start_paused = true)]
async fn a_window_closes_for_everybody() {
    let now = Arc::new(AtomicI64::new(at("2026-03-30T05:59:59Z")));
    let clock = Arc::clone(&now);
    let time = move || Timestamp::from_second(clock.load(Ordering::Relaxed)).unwrap();
    let acl = Acl::with_clock(rules(WORK), time);
    let associate = || ask(&acl, request(Command::UdpAssociate, "0.0.0.0:0"));
    assert!(associate().is_err());
    now.store(at("2026-03-30T06:00:00Z"), Ordering::Relaxed);
    let permit = associate().unwrap();
    let allowed = || permit.permits("192.33.14.30:53".parse().unwrap());
    assert!(allowed());
    let epoch = acl.epoch();
    let open = epoch.current();

    // Nobody asks; the epoch advances by itself.
    let keeper = tokio::spawn({
        let acl = acl.clone();
        async move { acl.keep_time(tokio::time::sleep).await }
    });
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(epoch.current(), open);
    now.store(at("2026-03-30T16:00:00Z"), Ordering::Relaxed);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_ne!(epoch.current(), open);
    assert!(!allowed());
    keeper.abort();

    // Without it, it advances with the next question; also when the clock was put back.
    let closed = epoch.current();
    now.store(at("2026-03-30T15:00:00Z"), Ordering::Relaxed);
    assert!(associate().is_ok());
    assert_ne!(epoch.current(), closed);
}

use std::time::Duration;

use super::proxy::{Fault, door};
use crate::{
    BoxError,
    beside::{self, Pace},
    client::Door,
    connect, idle, logins,
    pingpong::PingPong,
    throughput::{self, Direction},
};

const OCTETS: u64 = 600_000;

async fn transfer(door: Door, direction: Direction, streams: usize) -> Result<(), BoxError> {
    let tunnels = throughput::open(&door, streams).await?;
    throughput::transfer(tunnels, direction, OCTETS).await?;
    Ok(())
}

#[tokio::test]
async fn throughput_finds_one_octet() {
    // What the client wants stands before what it sends.
    for (up, direction, start) in [(false, Direction::Down, 0), (true, Direction::Up, 17)] {
        for streams in [1, 3] {
            let right = door(false, Fault::None).await;
            transfer(right, direction, streams).await.unwrap();
        }
        for place in [start, start + 70_000, start + OCTETS as usize - 1] {
            for fault in [
                Fault::Changed { up, place },
                Fault::Dropped { up, place },
                Fault::Cut { up, place },
            ] {
                let wrong = door(true, fault).await;
                let done = transfer(wrong, direction, 2).await;
                assert!(done.is_err(), "{fault:?}");
            }
        }
    }
}

#[tokio::test]
async fn connect_counts_what_failed() {
    for login in [false, true] {
        for optimistic in [false, true] {
            let right = door(login, Fault::None).await;
            let outcome = connect::load(right, 4, 50, optimistic).await;
            assert_eq!((outcome.done, outcome.failed), (50, 0));
            for up in [false, true] {
                for fault in [Fault::Changed { up, place: 0 }, Fault::Cut { up, place: 0 }] {
                    let wrong = door(login, fault).await;
                    let outcome = connect::load(wrong, 4, 10, optimistic).await;
                    assert_eq!((outcome.done, outcome.failed), (0, 10), "{fault:?}");
                }
            }
        }
    }
}

#[tokio::test]
async fn round_trips_are_compared() {
    let mut right = PingPong::open(&door(false, Fault::None).await, 3)
        .await
        .unwrap();
    for _ in 0..2 {
        let trips = right.run(20).await.unwrap();
        assert_eq!(trips.sorted.len(), 60);
        assert!(trips.sorted.is_sorted());
    }
    for up in [false, true] {
        // One octet asks for the echo.
        for fault in [
            Fault::Changed { up, place: 1 },
            Fault::Cut { up, place: 700 },
        ] {
            let mut wrong = PingPong::open(&door(false, fault).await, 2).await.unwrap();
            assert!(wrong.run(20).await.is_err(), "{fault:?}");
        }
    }
}

#[tokio::test]
async fn round_trips_at_a_pace_are_compared() {
    const EVERY: Duration = Duration::from_millis(2);
    let mut right = PingPong::open(&door(false, Fault::None).await, 3)
        .await
        .unwrap();
    for _ in 0..2 {
        let trips = right.run_every(EVERY, 20).await.unwrap();
        assert_eq!(trips.sorted.len(), 60);
        assert!(trips.elapsed >= EVERY * 19);
    }
    for up in [false, true] {
        for fault in [
            Fault::Changed { up, place: 1 },
            Fault::Cut { up, place: 700 },
        ] {
            let mut wrong = PingPong::open(&door(false, fault).await, 2).await.unwrap();
            assert!(wrong.run_every(EVERY, 20).await.is_err(), "{fault:?}");
        }
    }
}

#[tokio::test]
async fn small_messages_beside_a_bulky_tunnel() {
    for pace in [Pace::FlatOut, Pace::Every(Duration::from_millis(1))] {
        let load = beside::Load {
            trips: 200,
            tunnels: 2,
            pace,
        };
        let doors = (
            door(false, Fault::None).await,
            door(false, Fault::None).await,
        );
        let sample = beside::measure(doors, load).await.unwrap();
        assert!(sample["bulk_gib_s"] > 0.0 && sample["p99_ratio"] > 0.0);
        let damaged = Fault::Changed {
            up: false,
            place: 1000,
        };
        let doors = (door(false, Fault::None).await, door(false, damaged).await);
        assert!(beside::measure(doors, load).await.is_err(), "{pace:?}");
    }
}

#[tokio::test]
async fn small_messages_beside_logins() {
    let right = door(true, Fault::None).await;
    let sample = logins::measure(right, 200, 2, 5).await.unwrap();
    assert!(sample["logins_s"] > 0.0 && sample["beside_p99_us"] > 0.0);
    let fault = Fault::Changed {
        up: false,
        place: 1,
    };
    let damaged = door(true, fault).await;
    assert!(logins::measure(damaged, 200, 2, 5).await.is_err());
    // Where no login is wanted none is made.
    let open = door(false, Fault::None).await;
    assert!(logins::measure(open, 200, 2, 5).await.is_err());
}

#[tokio::test]
async fn idle_tunnels_echo() {
    let right = [
        door(false, Fault::None).await,
        door(false, Fault::None).await,
    ];
    let tunnels = idle::open(&right, 100).await.unwrap();
    assert_eq!(idle::echo_all(tunnels, 5_000).await.unwrap().len(), 100);
    let fault = Fault::Changed {
        up: true,
        place: 4_000,
    };
    let wrong = [door(false, fault).await];
    let tunnels = idle::open(&wrong, 10).await.unwrap();
    assert!(idle::echo_all(tunnels, 5_000).await.is_err());
}

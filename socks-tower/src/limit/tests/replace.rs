use std::future::poll_fn;

use super::*;
use crate::udp::Direction;

/// Other definitions hold at once: for those who come, and for sessions that run.
#[tokio::test(start_paused = true)]
async fn caps_of_sessions() {
    let cap = |max| Limit::new("cap", Per::User).sessions(max);
    let limits = Limits::new([cap(3)]).unwrap();
    let mut held = Vec::new();
    for id in 0..3 {
        held.push(ask(&limits, &client(id)).await.unwrap());
    }
    // Nobody is cut where there are more than may be, and nobody is let in until there are less.
    limits.replace([cap(1)]).unwrap();
    assert_eq!(limits.status()[0].sessions, 3);
    for _ in 0..3 {
        assert!(ask(&limits, &client(4)).await.is_err());
        held.pop();
    }
    held.push(ask(&limits, &client(4)).await.unwrap());
    assert_eq!(limits.status()[0].refused, 3);

    // A new one counts the sessions that were there before it, and one that is gone none.
    let all = Limit::new("all", Per::Server).sessions(2);
    limits.replace([cap(10), all]).unwrap();
    held.push(ask(&limits, &client(5)).await.unwrap());
    assert!(ask(&limits, &client(6)).await.is_err());
    limits.replace([cap(10)]).unwrap();
    held.push(ask(&limits, &client(6)).await.unwrap());
    held.clear();
    assert_eq!(limits.status()[0].sessions, 0);
    assert_eq!(limits.status().len(), 1);

    // The same name for others begins anew.
    limits
        .replace([Limit::new("cap", Per::Server).sessions(1)])
        .unwrap();
    let held = ask(&limits, &client(7)).await.unwrap();
    limits.replace([cap(1)]).unwrap();
    assert_eq!(limits.status()[0].sessions, 1);
    assert!(ask(&limits, &client(8)).await.is_err());
    drop(held);
    assert!(ask(&limits, &client(8)).await.is_ok());
}

/// What a connection took at accept is not taken again by its session, whatever is replaced meanwhile.
#[tokio::test(start_paused = true)]
async fn admitted_connections() {
    let cap = |max| [Limit::new("cap", Per::NETWORK).sessions(max)];
    let limits = Limits::new(cap(5)).unwrap();
    let verdict = limits.clone().oneshot(client(1).accept()).await.unwrap();
    let admitted = answer(verdict).unwrap();
    let mut session = client(1);
    session.extensions = admitted.extensions.clone();
    let permit = ask(&limits, &session).await.unwrap();
    limits.replace(cap(7)).unwrap();
    assert_eq!(limits.status()[0].sessions, 1);
    limits.replace([]).unwrap();
    limits.replace(cap(7)).unwrap();
    assert_eq!(limits.status()[0].sessions, 1);
    drop(permit);
    assert_eq!(limits.status()[0].sessions, 1);
    drop((session, admitted));
    assert_eq!(limits.status()[0].sessions, 0);
}

/// A session that waits goes on by the new rate; when no limit is left, at once and without one.
#[tokio::test(start_paused = true)]
async fn rates() {
    let drip = Rate::new(NonZeroU64::new(1).unwrap(), Duration::from_secs(86_400));
    let limits = Limits::new([Limit::new("rate", Per::Session).up(drip)]).unwrap();
    let permit = ask(&limits, &client(1)).await.unwrap();
    let mut flow = meter(&permit).flow(Direction::ToTarget);
    let mut burst = 0;
    let day = Duration::from_secs(3600);
    while let Ok(granted) = tokio::time::timeout(day, poll_fn(|cx| flow.poll_grant(cx))).await {
        let granted = granted.unwrap();
        flow.used(granted);
        burst += granted;
    }
    assert_eq!(burst, 4096);
    assert!(flow.is_waiting());
    let waiting = tokio::spawn(async move {
        let granted = poll_fn(|cx| flow.poll_grant(cx)).await.unwrap();
        (granted, flow)
    });
    tokio::task::yield_now().await;
    limits
        .replace([Limit::new("rate", Per::Session).up(rate(1 << 20))])
        .unwrap();
    let (granted, mut flow) = waiting.await.unwrap();
    assert!((1..=1 << 16).contains(&granted));
    flow.used(granted);
    limits
        .replace([Limit::new("rate", Per::Session).up(drip)])
        .unwrap();
    let waiting = tokio::spawn(async move {
        let mut moved = 0;
        loop {
            let granted = poll_fn(|cx| flow.poll_grant(cx)).await.unwrap();
            if granted == usize::MAX {
                return moved;
            }
            flow.used(granted);
            moved += granted;
        }
    });
    tokio::task::yield_now().await;
    limits.replace([]).unwrap();
    assert!(waiting.await.unwrap() <= 1 << 16);
    drop(permit);
}

/// Many sessions come, draw and go while definitions change all the time: nothing is left over.
#[tokio::test(start_paused = true)]
async fn under_load() {
    let limits = Limits::new([]).unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    for id in 0..200 {
        let limits = limits.clone();
        tasks.spawn(async move {
            for _ in 0..5 {
                let users = ["alice", "bob", "carol"];
                let client = client(id).user(users[id as usize % 3]);
                let Ok(permit) = ask(&limits, &client).await else {
                    tokio::time::sleep(Duration::from_millis(id)).await;
                    continue;
                };
                let mut flow = meter(&permit).flow(Direction::ToClient);
                for _ in 0..5 {
                    let granted = poll_fn(|cx| flow.poll_grant(cx)).await.unwrap();
                    flow.used(granted.min(3000));
                    tokio::time::sleep(Duration::from_millis(id % 7)).await;
                }
            }
        });
    }
    for turn in 0..100_u64 {
        let mut all = vec![
            Limit::new("all", Per::Server)
                .sessions(150)
                .down(rate((turn + 1) * 100_000)),
            Limit::new("user", Per::User).down(rate(200_000)),
            Limit::new("session", Per::Session).down(rate(50_000)),
        ];
        all.truncate((turn % 4) as usize);
        if turn % 3 == 0 {
            all.reverse();
        }
        limits.replace(all).unwrap();
        tokio::time::sleep(Duration::from_millis(11)).await;
    }
    limits
        .replace([Limit::new("all", Per::Server).sessions(1)])
        .unwrap();
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
    assert_eq!(limits.status()[0].sessions, 0);
    assert!(ask(&limits, &client(1)).await.is_ok());
}

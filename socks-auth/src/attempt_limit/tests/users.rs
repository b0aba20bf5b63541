//! Delays by name.

use tokio::time::Instant;
use tower::{limit::ConcurrencyLimit, timeout::Timeout};

use super::*;

/// Fails so often in the name of `user`, each time from another address, that it is delayed.
async fn attack(service: &AttemptLimit<Store>, user: &str) {
    let start = Instant::now();
    for number in 1000..1020 {
        assert!(!ask(service, client(number), password(user, "wrong")).await);
    }
    assert_eq!(start.elapsed(), Duration::ZERO);
}

async fn takes(answer: impl Future<Output = bool>) -> (bool, u64) {
    let start = Instant::now();
    (answer.await, start.elapsed().as_secs())
}

/// UP-22, SE-33: attempts in one name from many addresses are delayed, whoever makes them, and
/// nobody is locked out.
#[tokio::test(start_paused = true)]
async fn an_attacked_name_is_delayed() {
    let (layer, service, store) = limited();
    attack(&service, "alice").await;
    let wrong = takes(ask(&service, client(1), password("alice", "wrong"))).await;
    assert_eq!(wrong, (false, 3));
    let right = takes(ask(&service, client(2), password("alice", "right"))).await;
    assert_eq!(right, (true, 3));
    let other = takes(ask(&service, client(2), password("bob", "right"))).await;
    assert_eq!(other, (true, 0));
    assert_eq!(store.asked(), 23);
    assert_eq!(layer.counts().delayed, 2);
    sleep(Duration::from_secs(60)).await;
    let later = takes(ask(&service, client(2), password("alice", "right"))).await;
    assert_eq!(later, (true, 0));
}

/// UP-13: whether the user exists shows neither in the delay nor in the verifications.
#[tokio::test(start_paused = true)]
async fn unknown_names_are_delayed_alike() {
    for name in ["alice", "nobody"] {
        let (_, service, store) = limited();
        assert!(ask(&service, client(1), password("alice", "right")).await);
        attack(&service, name).await;
        let next = takes(ask(&service, client(1), password(name, "wrong"))).await;
        assert_eq!((next, store.asked()), ((false, 3), 22));
    }
}

/// A name in other letters is the same name for many a store.
#[tokio::test(start_paused = true)]
async fn case_does_not_get_around_it() {
    let (_, service, _) = limited();
    attack(&service, "alice").await;
    let answer = takes(ask(&service, client(1), password("ALICE", "right"))).await;
    assert_eq!(answer, (true, 3));
}

/// However long the attack was, its effect ends soon after it.
#[tokio::test(start_paused = true)]
async fn a_long_attack_is_not_remembered_longer() {
    let (_, service, _) = limited();
    attack(&service, "alice").await;
    for number in 0..200 {
        assert!(!ask(&service, client(number), password("alice", "wrong")).await);
    }
    sleep(Duration::from_secs(30)).await;
    let answer = takes(ask(&service, client(500), password("alice", "right"))).await;
    assert_eq!(answer, (true, 0));
}

/// UP-22: a delay ends with the deadline of whoever waits for it, leaves nothing behind and does
/// not count.
#[tokio::test(start_paused = true)]
async fn a_delay_ends_with_the_deadline() {
    let (layer, service, store) = limited();
    attack(&service, "alice").await;
    let (asked, counts) = (store.asked(), layer.counts());
    for _ in 0..20 {
        let service = Timeout::new(service.clone(), Duration::from_secs(1));
        let answer = service.oneshot(request_from(client(1), password("alice", "wrong")));
        assert!(
            answer
                .await
                .unwrap_err()
                .is::<tower::timeout::error::Elapsed>()
        );
    }
    assert_eq!(store.asked(), asked);
    assert_eq!(layer.counts().failed, counts.failed);
    let (_, _, under_way, waiting) = service.attempts.sizes();
    assert_eq!((under_way, waiting), (0, 0));
    assert!(ask(&service, client(1), password("alice", "right")).await);
}

/// UP-22: delayed attempts do not wait for each other, nor does anybody else for them.
#[tokio::test(start_paused = true)]
async fn delays_hold_nobody_up() {
    let (_, service, _) = limited();
    attack(&service, "alice").await;
    let start = Instant::now();
    let delayed: Vec<_> = (1..300)
        .map(|number| {
            let service = service.clone();
            tokio::spawn(
                async move { ask(&service, client(number), password("alice", "right")).await },
            )
        })
        .collect();
    sleep(Duration::from_millis(1)).await;
    assert!(ask(&service, client(999), password("bob", "right")).await);
    assert_eq!(start.elapsed(), Duration::from_millis(1));
    for delayed in delayed {
        assert!(delayed.await.unwrap());
    }
    assert_eq!(start.elapsed(), Duration::from_secs(3));
}

/// UP-22: an attempt that waits takes no place of a store that has few.
#[tokio::test(start_paused = true)]
async fn a_delay_takes_no_place_of_the_stores() {
    let (layer, service, store) = limited();
    attack(&service, "alice").await;
    let narrow = layer.layer(ConcurrencyLimit::new(store, 1));
    let log_in = |number, name| {
        let answer = narrow
            .clone()
            .oneshot(request_from(client(number), password(name, "right")));
        async move { answer.await.unwrap().is_accepted() }
    };
    let delayed = tokio::spawn(takes(log_in(1, "alice")));
    sleep(Duration::from_millis(1)).await;
    assert_eq!(takes(log_in(2, "bob")).await, (true, 0));
    assert_eq!(delayed.await.unwrap(), (true, 3));
}

/// Without a delay names are not counted.
#[tokio::test(start_paused = true)]
async fn it_can_be_switched_off() {
    let layer = AttemptLimitLayer::new().user_delay(Duration::ZERO);
    let (_, service, _) = limit(layer, Store::default());
    for _ in 0..3 {
        attack(&service, "alice").await;
    }
    let answer = takes(ask(&service, client(1), password("alice", "right"))).await;
    assert_eq!(answer, (true, 0));
}

/// SE-33: the places for those that wait are limited, for each address and in all; who finds none is
/// rejected at once.
#[tokio::test(start_paused = true)]
async fn waiting_is_bounded() {
    let (layer, service, store) = limited();
    attack(&service, "alice").await;
    let asked = store.asked();
    let mut waiting = Vec::new();
    for number in 0..20 {
        for _ in 0..300 {
            let service = service.clone();
            waiting.push(tokio::spawn(async move {
                ask(&service, client(number), password("alice", "wrong")).await
            }));
        }
    }
    sleep(Duration::from_millis(1)).await;
    assert_eq!(service.attempts.sizes().3, 4096);
    assert_eq!(layer.counts().delayed, 4096);
    assert_eq!(layer.counts().refused, 6000 - 4096);
    for waiting in waiting {
        assert!(!waiting.await.unwrap());
    }
    assert!(store.asked() - asked <= 17 * 10);
    assert_eq!(service.attempts.sizes().3, 0);
}

//! Limits by address.

use std::net::{Ipv6Addr, SocketAddr};

use tokio::time::advance;

use super::*;

/// UP-22, SE-33: a thousand wrong tries from one address are cut off, and the store is not asked
/// about them, while another address logs in.
#[tokio::test(start_paused = true)]
async fn one_address_is_cut_off() {
    let (layer, service, store) = limited();
    for guess in 0..1000 {
        let name = format!("user {guess}");
        assert!(!ask(&service, client(1), password(&*name, "wrong")).await);
    }
    assert_eq!(store.asked(), 10);
    let counts = layer.counts();
    assert_eq!(
        (counts.failed, counts.refused, counts.delayed),
        (10, 990, 0)
    );
    assert!(!ask(&service, client(1), password("alice", "right")).await);
    assert_eq!(store.asked(), 10);
    assert!(ask(&service, client(2), password("alice", "right")).await);
    assert_eq!(store.asked(), 11);
}

/// SE-33: failures are forgotten one by one, and all of them in the end.
#[tokio::test(start_paused = true)]
async fn failures_are_forgotten() {
    let (_, service, store) = limited();
    let guess = async |times: usize| {
        let before = store.asked();
        for _ in 0..times {
            assert!(!ask(&service, client(1), password("alice", "wrong")).await);
        }
        store.asked() - before
    };
    assert_eq!(guess(20).await, 10);
    advance(Duration::from_secs(29)).await;
    assert_eq!(guess(20).await, 0);
    advance(Duration::from_secs(1)).await;
    assert_eq!(guess(20).await, 1);
    advance(Duration::from_secs(60)).await;
    assert_eq!(guess(20).await, 2);
    advance(Duration::from_secs(10_000)).await;
    assert_eq!(guess(20).await, 10);
}

/// UP-13, SE-32: a user that exists and one that does not are limited alike: the same answer, after
/// the same number of verifications.
#[tokio::test(start_paused = true)]
async fn names_make_no_difference() {
    let wrong = format!("{:?}", Authentication::rejected());
    for name in ["alice", "nobody", ""] {
        let (_, service, store) = limited();
        assert!(ask(&service, client(1), password("alice", "right")).await);
        let before = store.asked();
        for _ in 0..12 {
            let request = request_from(client(1), password(name, "wrong"));
            let answer = service.clone().oneshot(request).await.unwrap();
            assert_eq!(format!("{answer:?}"), wrong);
        }
        assert_eq!(store.asked() - before, 10);
    }
}

/// SE-33: an IPv6 client is its network of 64 bits, and an IPv4-mapped address the IPv4 address.
#[tokio::test(start_paused = true)]
async fn a_network_is_one_client() {
    let (_, service, store) = limited();
    let ipv6 = |network: u128, host: u128| {
        let ip = Ipv6Addr::from((0x2001_0db8 << 96) | (network << 64) | host);
        SocketAddr::from((ip, 40_000))
    };
    for host in 0..100 {
        assert!(!ask(&service, ipv6(1, host), password("alice", "wrong")).await);
    }
    assert_eq!(store.asked(), 10);
    assert!(!ask(&service, ipv6(1, 1 << 63), password("alice", "right")).await);
    assert!(ask(&service, ipv6(2, 1), password("alice", "right")).await);

    let (_, service, store) = limited();
    let mapped = SocketAddr::from((Ipv6Addr::from_bits(0xffff_0a00_0001), 40_000));
    for from in [client(1), Endpoint::Socket(mapped)]
        .iter()
        .cycle()
        .take(40)
    {
        assert!(!ask(&service, from.clone(), password("bob", "wrong")).await);
    }
    assert_eq!(store.asked(), 10);
}

/// Clients that have no address are one client, and do not count for anybody who has one.
#[tokio::test(start_paused = true)]
async fn clients_without_an_address() {
    let (_, service, store) = limited();
    for path in [None, Some("/run/a"), Some("/run/b"), None]
        .iter()
        .cycle()
        .take(40)
    {
        let from = Endpoint::Unix(path.map(Into::into));
        assert!(!ask(&service, from, password("alice", "wrong")).await);
    }
    assert_eq!(store.asked(), 10);
    for _ in 0..40 {
        assert!(!ask(&service, Endpoint::Unnamed, password("bob", "wrong")).await);
    }
    assert_eq!(store.asked(), 20);
    assert!(ask(&service, client(1), password("carol", "right")).await);
}

/// A gateway that does not say whom it speaks for is not limited; names still are.
#[tokio::test(start_paused = true)]
async fn exempt_clients() {
    let networks = ["10.0.0.0/24", "::ffff:192.0.2.0/120"].map(|network| network.parse().unwrap());
    let (_, service, store) = limit(AttemptLimitLayer::new().exempt(networks), Store::default());
    let gateway = SocketAddr::from(([192, 0, 2, 1], 1));
    for guess in 0..500 {
        let name = format!("user {guess}");
        assert!(!ask(&service, client(1), password(&*name, "wrong")).await);
        assert!(!ask(&service, gateway, password(&*name, "wrong")).await);
    }
    assert_eq!(store.asked(), 1000);
    for _ in 0..20 {
        assert!(!ask(&service, client(256), password("alice", "wrong")).await);
    }
    assert_eq!(store.asked(), 1010);
}

/// Clones of a layer, and all that they are put around, count together.
#[tokio::test(start_paused = true)]
async fn a_layer_counts_for_all_its_services() {
    let (layer, first, store) = limited();
    let second = layer.clone().layer(store.clone());
    for _ in 0..10 {
        assert!(!ask(&first, client(1), password("alice", "wrong")).await);
        assert!(!ask(&second, client(1), password("alice", "wrong")).await);
    }
    assert_eq!(store.asked(), 10);
}

/// What is remembered is bounded, and who has failed most is forgotten last.
#[tokio::test(start_paused = true)]
async fn memory_is_bounded() {
    let layer = AttemptLimitLayer::new().capacity(100);
    let (_, service, store) = limit(layer, Store::default());
    for _ in 0..10 {
        ask(&service, client(0), password("alice", "wrong")).await;
    }
    for number in 1..5000 {
        let name = format!("user {number}");
        ask(&service, client(number), password(&*name, "wrong")).await;
        let (clients, users, ..) = service.attempts.sizes();
        assert!(clients <= 100 && users <= 100);
    }
    let before = store.asked();
    assert!(!ask(&service, client(0), password("bob", "right")).await);
    assert_eq!(store.asked(), before, "still cut off");
    let (_, _, under_way, waiting) = service.attempts.sizes();
    assert_eq!((under_way, waiting), (0, 0));
}

/// Settings beyond their ranges are brought into them.
#[tokio::test(start_paused = true)]
async fn settings_have_ranges() {
    let layer = AttemptLimitLayer::new()
        .by_client(0, Duration::ZERO)
        .by_user(u32::MAX, Duration::MAX)
        .user_delay(Duration::MAX)
        .capacity(0);
    let (_, service, store) = limit(layer, Store::default());
    for _ in 0..3 {
        assert!(!ask(&service, client(1), password("alice", "wrong")).await);
    }
    assert_eq!(store.asked(), 1);
    advance(Duration::from_millis(1)).await;
    assert!(ask(&service, client(1), password("alice", "right")).await);
}

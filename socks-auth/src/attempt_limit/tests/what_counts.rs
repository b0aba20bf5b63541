//! What is a failed attempt, and what is none.

use super::*;
use crate::tests::other_credentials;

/// SE-33, UP-17: a store that fails, and ident's refusals, are no attempts of the client's.
#[tokio::test(start_paused = true)]
async fn errors_are_no_attempts() {
    let (layer, service, store) = limited();
    for word in ["broken", "no ident", "other ident", "right"] {
        for _ in 0..50 {
            let answer = service
                .clone()
                .oneshot(request_from(client(1), password("alice", word)));
            assert_eq!(answer.await.is_err(), word == "broken");
        }
    }
    assert_eq!(store.asked(), 200);
    assert_eq!(layer.counts(), Default::default());
}

/// Nothing that could be guessed is in method 00, a SOCKS4 user id and a proven principal; a
/// response to a challenge and a private proof count.
#[tokio::test(start_paused = true)]
async fn only_proofs_are_attempts() {
    for credentials in other_credentials() {
        let (_, service, store) = limited();
        for _ in 0..50 {
            assert!(!ask(&service, client(1), credentials.clone()).await);
        }
        let counts = matches!(
            credentials,
            Credentials::Chap { .. } | Credentials::Other { .. }
        );
        assert_eq!(
            store.asked(),
            if counts { 10 } else { 50 },
            "{credentials:?}"
        );
    }
}

/// Who is cut off may still be let in where no login is needed.
#[tokio::test(start_paused = true)]
async fn other_methods_stay_open() {
    let (_, service, store) = limited();
    for _ in 0..50 {
        assert!(!ask(&service, client(1), password("alice", "wrong")).await);
    }
    assert_eq!(store.asked(), 10);
    assert!(!ask(&service, client(1), Credentials::None).await);
    assert_eq!(store.asked(), 11, "asked all the same");
}

/// A client that leaves while the store is at work has made an attempt; one that leaves before has not.
#[tokio::test(start_paused = true)]
async fn abandoned_attempts() {
    let (_, service, store) = limit(AttemptLimitLayer::new(), Store::taking(5));
    let ask_all = |times: usize| {
        let asked = (0..times).map(|_| ask(&service, client(1), password("alice", "right")));
        asked.map(|answer| Box::pin(tokio::time::timeout(Duration::from_secs(1), answer)))
    };
    for abandoned in ask_all(9) {
        assert!(abandoned.await.is_err());
    }
    assert_eq!(store.asked(), 9);
    let under_way = tokio::spawn({
        let service = service.clone();
        async move { ask(&service, client(1), password("alice", "right")).await }
    });
    tokio::task::yield_now().await;
    for queued in ask_all(3) {
        assert!(queued.await.is_err());
    }
    assert_eq!(
        store.asked(),
        10,
        "they waited for the one that was under way"
    );
    assert!(under_way.await.unwrap());
    assert!(ask(&service, client(1), password("alice", "right")).await);
}

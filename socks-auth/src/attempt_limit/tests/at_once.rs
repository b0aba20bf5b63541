//! Many attempts before the first is answered.

use std::{cell::Cell, rc::Rc};

use proptest::prelude::*;
use tokio::time::{Instant, timeout};

use super::*;

async fn all_at_once(service: &AttemptLimit<Store>, words: &[&'static str]) -> usize {
    let asked = words.iter().map(|word| {
        let service = service.clone();
        let credentials = password("alice", *word);
        tokio::spawn(async move { ask(&service, client(1), credentials).await })
    });
    let mut accepted = 0;
    for answer in asked.collect::<Vec<_>>() {
        accepted += usize::from(answer.await.unwrap());
    }
    accepted
}

/// UP-22, SE-33: 64 guesses before the first is answered do not get past the limit.
#[tokio::test(start_paused = true)]
async fn guesses_at_once_are_within_the_limit() {
    let (layer, service, store) = limit(AttemptLimitLayer::new(), Store::taking(1));
    assert_eq!(all_at_once(&service, &["wrong"; 64]).await, 0);
    assert_eq!(store.asked(), 10);
    assert_eq!((layer.counts().failed, layer.counts().refused), (10, 54));
    let (_, _, under_way, waiting) = service.attempts.sizes();
    assert_eq!((under_way, waiting), (0, 0));
}

/// SE-33: 64 right logins at once all get in, ten at a time.
#[tokio::test(start_paused = true)]
async fn right_logins_at_once_get_in() {
    let (layer, service, store) = limit(AttemptLimitLayer::new(), Store::taking(1));
    let start = Instant::now();
    assert_eq!(all_at_once(&service, &["right"; 64]).await, 64);
    assert_eq!(start.elapsed().as_secs(), 7, "64 by tens");
    assert_eq!(store.most_at_once.load(SeqCst), 10);
    assert_eq!(layer.counts(), Default::default());
}

/// Those that came first are asked first.
#[tokio::test(start_paused = true)]
async fn nobody_overtakes() {
    let (_, service, _) = limit(AttemptLimitLayer::new(), Store::taking(1));
    let done = Rc::new(Cell::new(0));
    let local = tokio::task::LocalSet::new();
    for number in 0..40 {
        let (service, done) = (service.clone(), Rc::clone(&done));
        local.spawn_local(async move {
            assert!(ask(&service, client(1), password("alice", "right")).await);
            assert_eq!(done.get() / 10, number / 10);
            done.set(done.get() + 1);
        });
    }
    local.await;
    assert_eq!(done.get(), 40);
}

#[derive(Clone, Copy, Debug)]
struct Try {
    word: &'static str,
    starts: u64,
    gives_up_after: u64,
}

fn tries() -> impl Strategy<Value = Vec<Try>> {
    let words = prop::sample::select(vec!["right", "right", "right", "wrong", "broken"]);
    let one = (words, 0..50_u64, 1..400_u64).prop_map(|(word, starts, gives_up_after)| Try {
        word,
        starts,
        gives_up_after,
    });
    prop::collection::vec(one, 1..120)
}

/// What happened to attempts that were made as `tries` says: how many failed or were given up while
/// the store was at work, how many right ones were refused.
async fn run(tries: Vec<Try>) -> (u64, usize, (usize, usize)) {
    let store = Store {
        takes: Duration::from_millis(20),
        ..Store::default()
    };
    // Nothing is forgotten in the time that this takes.
    let layer = AttemptLimitLayer::new()
        .by_client(10, Duration::from_secs(3600))
        .user_delay(Duration::ZERO);
    let (layer, service, _) = limit(layer, store);
    let all: Vec<_> = tries
        .into_iter()
        .map(|one| {
            let service = service.clone();
            tokio::spawn(async move {
                sleep(Duration::from_millis(one.starts)).await;
                let answer = ask(&service, client(1), password("alice", one.word));
                let patience = Duration::from_millis(one.gives_up_after);
                let answer = timeout(patience, answer).await;
                one.word == "right" && answer == Ok(false)
            })
        })
        .collect();
    let mut refused = 0;
    for one in all {
        refused += usize::from(one.await.unwrap());
    }
    let (_, _, under_way, waiting) = service.attempts.sizes();
    (layer.counts().failed, refused, (under_way, waiting))
}

proptest! {
    /// UP-22: in whatever order attempts come, succeed, fail, break and are given up, no more than the
    /// limit ever fail, a right one is refused only when they have, and nothing is stuck or left over.
    #[test]
    fn the_limit_holds_in_any_order(tries in tries()) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        let (failed, refused, left) = runtime.block_on(async {
            timeout(Duration::from_secs(60), run(tries)).await.expect("nothing is stuck")
        });
        prop_assert!(failed <= 10);
        prop_assert!(refused == 0 || failed == 10);
        prop_assert_eq!(left, (0, 0));
    }
}

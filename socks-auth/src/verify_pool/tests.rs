use std::{
    sync::{
        atomic::{AtomicUsize, Ordering::SeqCst},
        mpsc,
    },
    time::Duration,
};

use super::*;

fn pool(running: usize, waiting: usize) -> VerifyPool {
    VerifyPool::new(NonZeroUsize::new(running).unwrap(), waiting)
}

/// Runs until the returned sender is dropped.
fn held(pool: &VerifyPool) -> (mpsc::Sender<()>, task::JoinHandle<()>) {
    let (hold, held) = mpsc::channel::<()>();
    let pool = pool.clone();
    let work = async move {
        let work = pool.run(move || held.recv().unwrap_err());
        let _ = work.await.unwrap();
    };
    (hold, tokio::spawn(work))
}

/// SE-31: outside the I/O loop, with bounded parallelism.
#[tokio::test]
async fn never_more_than_may_run() {
    static RUNNING: AtomicUsize = AtomicUsize::new(0);
    static MOST: AtomicUsize = AtomicUsize::new(0);
    let pool = pool(3, 64);
    let here = thread::current().id();
    let work = (0..64).map(|number| {
        let pool = pool.clone();
        tokio::spawn(async move {
            let work = move || {
                assert_ne!(thread::current().id(), here);
                MOST.fetch_max(RUNNING.fetch_add(1, SeqCst) + 1, SeqCst);
                thread::yield_now();
                RUNNING.fetch_sub(1, SeqCst);
                number
            };
            pool.run(work).await.unwrap()
        })
    });
    let mut done = Vec::new();
    for work in work.collect::<Vec<_>>() {
        done.push(work.await.unwrap());
    }
    assert_eq!(done, (0..64).collect::<Vec<_>>());
    assert!((1..=3).contains(&MOST.load(SeqCst)));
}

/// UP-17: who does not fit in is told at once.
#[tokio::test]
async fn a_full_line_is_an_error_at_once() {
    let pool = pool(1, 1);
    let (first, first_done) = held(&pool);
    let (second, second_done) = held(&pool);
    task::yield_now().await;
    let error = pool.run(|| ()).await.unwrap_err();
    assert!(error.is_busy(), "{error}");
    drop((first, second));
    first_done.await.unwrap();
    second_done.await.unwrap();
    pool.run(|| ()).await.unwrap();
}

#[tokio::test]
async fn who_leaves_the_line_makes_room() {
    let pool = pool(1, 1);
    let (first, first_done) = held(&pool);
    task::yield_now().await;
    let (second, second_done) = held(&pool);
    task::yield_now().await;
    assert!(pool.run(|| ()).await.unwrap_err().is_busy());
    second_done.abort();
    assert!(second_done.await.unwrap_err().is_cancelled());
    drop(first);
    // Would be busy if the place were still taken.
    pool.run(|| ()).await.unwrap();
    drop(second);
    first_done.await.unwrap();
}

/// Clients who leave do not lift the bound.
#[tokio::test]
async fn who_leaves_while_it_runs_keeps_the_place() {
    let pool = pool(1, 0);
    let (started, has_started) = mpsc::channel();
    let (hold, held) = mpsc::channel::<()>();
    let work = {
        let pool = pool.clone();
        tokio::spawn(async move {
            let work = move || {
                started.send(()).unwrap();
                held.recv()
            };
            pool.run(work).await
        })
    };
    task::spawn_blocking(move || has_started.recv().unwrap())
        .await
        .unwrap();
    work.abort();
    assert!(work.await.unwrap_err().is_cancelled());
    assert!(pool.run(|| ()).await.unwrap_err().is_busy());
    drop(hold);
    while pool.run(|| ()).await.is_err() {
        task::yield_now().await;
    }
}

/// SE-34: what a panic says is not passed on, and the pool goes on.
#[tokio::test]
async fn a_panic_is_an_error() {
    let pool = pool(1, 0);
    let work = pool.run(|| -> () { panic!("hunter2") });
    let error = work.await.unwrap_err();
    assert!(!error.is_busy() && !format!("{error} {error:?}").contains("hunter2"));
    tokio::time::timeout(Duration::from_secs(5), pool.run(|| ()))
        .await
        .unwrap()
        .unwrap();
}

//! Accept errors, and sessions that fail.

use std::{future::IntoFuture, io, time::Duration};

use socks_tower::{BoxError, Incoming, serve};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep},
};
use tower::service_fn;

use crate::support::{Log, code, connection, scripted, settle};

/// A service that tells when it is called.
fn telling() -> (
    impl tower::Service<
        Incoming<()>,
        Response = (),
        Error = BoxError,
        Future = impl Future<Output = Result<(), BoxError>> + Send,
    > + Clone
    + Send
    + 'static,
    mpsc::UnboundedReceiver<Instant>,
) {
    let (tx, rx) = mpsc::unbounded_channel();
    let service = service_fn(move |_: Incoming<()>| {
        tx.send(Instant::now()).unwrap();
        async { Ok::<_, BoxError>(()) }
    });
    (service, rx)
}

/// SE-17: no descriptors: accepting pauses, longer each time, and goes on by itself.
#[tokio::test(start_paused = true)]
async fn accepting_pauses_while_there_are_no_descriptors() {
    let (script, listener, _closed) = scripted();
    let (service, mut served) = telling();
    let began = Instant::now();
    for errno in [libc::EMFILE, libc::ENFILE, libc::ENOBUFS, libc::ENOMEM] {
        script.send(code(errno)).unwrap();
    }
    script.send(connection()).unwrap();
    let _server = tokio::spawn(serve(listener, service).into_future());

    let waited = served.recv().await.unwrap() - began;
    let pauses = Duration::from_millis(10 + 20 + 40 + 80);
    assert!(waited >= pauses && waited < pauses + Duration::from_millis(10));
}

/// SE-17: the pause ends at one second, and one accepted connection makes it short again.
#[tokio::test(start_paused = true)]
async fn a_pause_is_a_second_at_most() {
    let (script, listener, _closed) = scripted();
    let (service, mut served) = telling();
    for _ in 0..20 {
        script.send(code(libc::EMFILE)).unwrap();
    }
    for _ in 0..2 {
        script.send(connection()).unwrap();
        script.send(code(libc::EMFILE)).unwrap();
    }
    let began = Instant::now();
    let _server = tokio::spawn(serve(listener, service).into_future());

    let first = served.recv().await.unwrap();
    // 10 + 20 + … + 640 ms, then thirteen times a second.
    let pauses = Duration::from_millis(1270 + 13_000);
    assert!(first - began >= pauses && first - began < pauses + Duration::from_millis(50));
    let second = served.recv().await.unwrap();
    assert!(second - first < Duration::from_millis(20));
}

/// SE-17: a session that ends does not cut the pause short.
#[tokio::test(start_paused = true)]
async fn the_end_of_a_session_does_not_end_the_pause() {
    let (script, listener, _closed) = scripted();
    let (tx, mut calls) = mpsc::unbounded_channel();
    let service = service_fn(move |_: Incoming<()>| {
        tx.send(Instant::now()).unwrap();
        async {
            sleep(Duration::from_millis(500)).await;
            Ok::<_, BoxError>(())
        }
    });
    let _server = tokio::spawn(serve(listener, service).into_future());
    script.send(connection()).unwrap();
    calls.recv().await.unwrap();
    for _ in 0..7 {
        script.send(code(libc::EMFILE)).unwrap();
    }
    script.send(connection()).unwrap();

    let paused = Instant::now();
    let next = calls.recv().await.unwrap();
    assert!(next - paused >= Duration::from_millis(1270));
}

/// SE-17: a shortage is one warning, however often accept fails, and its end is reported.
#[tokio::test(start_paused = true)]
async fn a_shortage_is_logged_once() {
    let (log, _guard) = Log::capture();
    let (script, listener, _closed) = scripted();
    let (service, mut served) = telling();
    let _server = tokio::spawn(serve(listener, service).into_future());
    for _ in 0..5 {
        script.send(code(libc::EMFILE)).unwrap();
        script.send(connection()).unwrap();
        served.recv().await.unwrap();
    }
    assert_eq!(log.lines("WARN").len(), 1, "{:?}", log.lines("WARN"));
    assert!(log.lines("INFO").is_empty());

    sleep(Duration::from_secs(2)).await;
    script.send(connection()).unwrap();
    served.recv().await.unwrap();
    let resumed = log.lines("INFO");
    assert_eq!(resumed.len(), 1);
    assert!(resumed[0].contains("failures=5"), "{resumed:?}");

    script.send(code(libc::EMFILE)).unwrap();
    settle().await;
    assert_eq!(log.lines("WARN").len(), 2);
}

/// The loss of one connection costs the next one nothing.
#[tokio::test(start_paused = true)]
async fn a_lost_connection_is_passed_over() {
    let (log, _guard) = Log::capture();
    let (script, listener, _closed) = scripted();
    let (service, mut served) = telling();
    for errno in [
        libc::ECONNABORTED,
        libc::ECONNRESET,
        libc::EINTR,
        libc::EPROTO,
        libc::ENETDOWN,
        libc::EPERM,
    ] {
        script.send(code(errno)).unwrap();
    }
    script.send(connection()).unwrap();
    let began = Instant::now();
    let _server = tokio::spawn(serve(listener, service).into_future());

    assert_eq!(served.recv().await.unwrap(), began);
    assert!(log.lines("WARN").is_empty());
}

/// SE-17: an error that was taken for the loss of a connection, but stays, does not spin.
#[tokio::test(start_paused = true)]
async fn losses_without_end_pause_too() {
    let (script, listener, _closed) = scripted();
    let (service, mut served) = telling();
    for _ in 0..102 {
        script.send(code(libc::EPERM)).unwrap();
    }
    script.send(connection()).unwrap();
    let began = Instant::now();
    let _server = tokio::spawn(serve(listener, service).into_future());
    assert!(served.recv().await.unwrap() - began >= Duration::from_millis(30));
}

#[tokio::test]
async fn a_broken_listener_ends_the_server() {
    for errno in [libc::EBADF, libc::EINVAL, libc::ENOTSOCK] {
        let (script, listener, _closed) = scripted();
        script.send(code(errno)).unwrap();
        let error = serve(listener, telling().0).await.unwrap_err();
        assert_eq!(error.raw_os_error(), Some(errno));
    }
    let (_, listener, _closed) = scripted();
    let error = serve(listener, telling().0).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::Other);
}

#[tokio::test]
async fn a_panic_ends_its_own_session_only() {
    let (log, _guard) = Log::capture();
    let (script, listener, _closed) = scripted();
    let (tx, mut served) = mpsc::unbounded_channel();
    let service = service_fn(move |incoming: Incoming<()>| {
        let name = incoming.listener.as_deref().unwrap_or_default().to_owned();
        assert_ne!(name, "panic in call", "a secret");
        let tx = tx.clone();
        async move {
            assert_ne!(name, "panic in future", "a secret");
            if name == "error" {
                return Err(BoxError::from("failed"));
            }
            tx.send(()).unwrap();
            Ok(())
        }
    });
    for name in ["panic in call", "panic in future", "error", "fine"] {
        script
            .send(connection().map(|incoming| incoming.listener(name)))
            .unwrap();
    }
    let server = tokio::spawn(serve(listener, service).into_future());

    served.recv().await.unwrap();
    assert!(!server.is_finished());
    let panics = log.lines("ERROR");
    assert_eq!(panics.len(), 2);
    assert!(
        panics
            .iter()
            .all(|line| !line.contains("secret") && line.contains("peer=unnamed"))
    );
    let failed = log.lines("DEBUG");
    assert_eq!(failed.len(), 1);
    assert!(failed[0].contains("error=failed"), "{failed:?}");
}

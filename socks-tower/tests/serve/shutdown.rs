//! The end of a server: `SE-54`.

use std::{future::IntoFuture, io::ErrorKind, time::Duration};

use socks_tower::{BoxError, Incoming, ListenerExt, TcpListenerOptions, serve};
use tokio::{
    io::AsyncReadExt,
    net::TcpStream,
    sync::{mpsc, oneshot},
    time::{Instant, sleep, timeout},
};
use tower::service_fn;

use crate::support::{Script, connection, scripted};

/// A server with one session that takes `session`, and the moment at which the server ended after
/// its signal.
async fn ended_after(session: Duration, drain: Option<Duration>) -> (Duration, bool) {
    let (script, listener, closed) = scripted();
    let (stop, stopped) = oneshot::channel::<()>();
    let (started, mut sessions) = mpsc::unbounded_channel();
    let (finished, mut finishes) = mpsc::unbounded_channel();
    let service = service_fn(move |_: Incoming<()>| {
        started.send(()).unwrap();
        let finished = finished.clone();
        async move {
            sleep(session).await;
            finished.send(()).unwrap();
            Ok::<_, BoxError>(())
        }
    });
    let mut server = serve(listener, service).with_graceful_shutdown(async {
        let _ = stopped.await;
    });
    if let Some(drain) = drain {
        server = server.drain_timeout(drain);
    }
    let server = tokio::spawn(server.into_future());
    script.send(connection()).unwrap();
    sessions.recv().await.unwrap();

    let signal = Instant::now();
    stop.send(()).unwrap();
    assert!(closed.await.is_err());
    assert_eq!(
        signal.elapsed(),
        Duration::ZERO,
        "the listener goes at once"
    );
    server.await.unwrap().unwrap();
    (signal.elapsed(), finishes.try_recv().is_ok())
}

/// SE-54: relays finish within the grace period, and the server ends with the last of them.
#[tokio::test(start_paused = true)]
async fn sessions_finish() {
    let (waited, finished) = ended_after(Duration::from_secs(5), None).await;
    assert!(waited >= Duration::from_secs(5) && waited < Duration::from_secs(6));
    assert!(finished);
}

/// SE-54: what is left after the grace period, 30 s by default, is closed.
#[tokio::test(start_paused = true)]
async fn the_deadline_aborts_sessions() {
    let hour = Duration::from_secs(3600);
    for (drain, expected) in [(None, 30), (Some(Duration::from_secs(2)), 2)] {
        let (waited, finished) = ended_after(hour, drain).await;
        let expected = Duration::from_secs(expected);
        assert!(waited >= expected && waited < expected + Duration::from_secs(1));
        assert!(!finished);
    }
}

/// SE-54: a grace period without end.
#[tokio::test(start_paused = true)]
async fn a_server_may_wait_for_ever() {
    let month = Duration::from_secs(30 * 24 * 3600);
    let (waited, finished) = ended_after(month, Some(Duration::MAX)).await;
    assert!(waited >= month);
    assert!(finished);
}

/// SE-54: the port is free while sessions still run.
#[tokio::test]
async fn the_port_is_free_at_once() {
    let listener = TcpListenerOptions::new()
        .bind("127.0.0.1:0".parse().unwrap())
        .unwrap();
    let addr = listener.local_addr().unwrap();
    let (open, closed) = oneshot::channel::<()>();
    let listener = listener.map_io(move |stream| {
        let _open = &open;
        stream
    });
    let (stop, stopped) = oneshot::channel::<()>();
    let (started, mut sessions) = mpsc::unbounded_channel();
    let service = service_fn(move |mut incoming: Incoming<TcpStream>| {
        started.send(()).unwrap();
        async move { incoming.io.read_u8().await }
    });
    let server = serve(listener, service).with_graceful_shutdown(async {
        let _ = stopped.await;
    });
    let server = tokio::spawn(server.into_future());
    let client = TcpStream::connect(addr).await.unwrap();
    sessions.recv().await.unwrap();

    stop.send(()).unwrap();
    assert!(closed.await.is_err());
    let refused = TcpStream::connect(addr).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    TcpListenerOptions::new().bind(addr).unwrap();

    assert!(!server.is_finished());
    drop(client);
    server.await.unwrap().unwrap();
}

/// SE-54: the signal is heard while accepting pauses and while the service is not ready.
#[tokio::test(start_paused = true)]
async fn a_server_that_cannot_accept_ends_too() {
    let (script, listener, _closed) = scripted();
    for _ in 0..100 {
        script.send(Err(ErrorKind::OutOfMemory.into())).unwrap();
    }
    let idle = service_fn(|_: Incoming<()>| async { Ok::<_, BoxError>(()) });
    let began = Instant::now();
    serve(listener, idle)
        .with_graceful_shutdown(sleep(Duration::from_millis(5500)))
        .await
        .unwrap();
    assert!(began.elapsed() < Duration::from_millis(5600));

    let (_script, listener, _closed): (Script, _, _) = scripted();
    let (service, mut handle) = tower_test::mock::pair::<Incoming<()>, ()>();
    handle.allow(0);
    serve(listener, service)
        .with_graceful_shutdown(sleep(Duration::from_secs(1)))
        .await
        .unwrap();
}

#[tokio::test(start_paused = true)]
async fn dropping_the_server_aborts_its_sessions() {
    let (script, listener, closed) = scripted();
    let (alive, mut sessions) = mpsc::channel::<()>(1);
    let service = service_fn(move |_: Incoming<()>| {
        let alive = alive.clone();
        async move {
            alive.closed().await;
            Ok::<_, BoxError>(())
        }
    });
    script.send(connection()).unwrap();
    let server = serve(listener, service).into_future();
    assert!(timeout(Duration::from_secs(1), server).await.is_err());
    assert!(closed.await.is_err());
    assert_eq!(sessions.recv().await, None, "no session holds its sender");
}

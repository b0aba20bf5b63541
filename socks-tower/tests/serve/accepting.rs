//! What comes first: readiness, then accept.

use std::future::IntoFuture;

use socks_tower::{BoxError, Incoming, serve};
use tokio::{net::TcpListener, sync::mpsc};
use tower::{limit::ConcurrencyLimit, service_fn};
use tower_test::{assert_request_eq, mock};

use crate::support::{connection, scripted, settle};

/// A limit on readiness bounds the sessions that are open; who comes on top is not even
/// accepted.
#[tokio::test]
async fn a_second_connection_is_accepted_when_the_first_has_ended() {
    let (script, listener, _closed) = scripted();
    let (started, mut sessions) = mpsc::unbounded_channel();
    let service = service_fn(move |_: Incoming<()>| {
        let (end, ended) = tokio::sync::oneshot::channel::<()>();
        started.send(end).unwrap();
        async move { Ok::<_, BoxError>(ended.await) }
    });
    let server = tokio::spawn(serve(listener, ConcurrencyLimit::new(service, 1)).into_future());

    script.send(connection()).unwrap();
    let first = sessions.recv().await.unwrap();
    let waiting = script.clone();
    waiting.send(connection()).unwrap();
    settle().await;
    assert!(sessions.try_recv().is_err());

    first.send(()).unwrap();
    let _second = sessions.recv().await.unwrap();
    assert!(!server.is_finished());
}

/// Nothing is taken from the listener while the service is not ready.
#[tokio::test]
async fn nothing_is_accepted_before_the_service_is_ready() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let (service, mut handle) = mock::pair::<String, ()>();
    handle.allow(0);
    let (accepted, mut accepts) = mpsc::unbounded_channel();
    let listener = socks_tower::ListenerExt::map_io(listener, move |stream| {
        accepted.send(()).unwrap();
        stream
    });
    let service = tower::util::MapRequest::new(service, |_: Incoming<_>| "served".to_owned());
    let _server = tokio::spawn(serve(listener, service).into_future());

    let _client = tokio::net::TcpStream::connect(addr).await.unwrap();
    settle().await;
    assert!(accepts.try_recv().is_err());

    handle.allow(1);
    accepts.recv().await.unwrap();
    assert_request_eq!(handle, "served".to_owned()).send_response(());
}

#[tokio::test]
async fn a_service_that_fails_to_become_ready_ends_the_server() {
    let (_script, listener, closed) = scripted();
    let (service, mut handle) = mock::pair::<Incoming<()>, ()>();
    handle.send_error("no more");
    let error = serve(listener, service).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::Other);
    assert_eq!(error.to_string(), "no more");
    assert!(closed.await.is_err());
}

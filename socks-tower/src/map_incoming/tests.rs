use std::task::Poll;

use tokio::io::{DuplexStream, duplex};
use tower_layer::Layer;
use tower_service::Service;
use tower_test::mock;

use super::*;
use crate::Incoming;

type Mock = mock::Mock<Incoming<DuplexStream>, &'static str>;

/// SE-19: a connection that the closure fails is dropped without output, and the service behind is
/// not called.
#[tokio::test]
async fn a_failed_connection_goes_no_further() {
    let (mock, mut handle): (Mock, _) = mock::pair();
    let layer = MapIncomingLayer::new(|incoming: Incoming<DuplexStream>| async move {
        drop(incoming);
        Err::<Incoming<DuplexStream>, _>("banned")
    });
    let mut service = layer.layer(mock);
    handle.allow(1);
    std::future::poll_fn(|cx| service.poll_ready(cx))
        .await
        .unwrap();
    let (mut client, io) = duplex(16);
    let error = service.call(Incoming::unnamed(io)).await.unwrap_err();
    assert_eq!(error.to_string(), "banned");
    let mut heard = Vec::new();
    tokio::io::AsyncReadExt::read_to_end(&mut client, &mut heard)
        .await
        .unwrap();
    assert_eq!(heard, b"");
    let polled = tokio_test::task::spawn(()).enter(|_, _| handle.poll_request());
    assert!(matches!(polled, Poll::Pending | Poll::Ready(None)));
}

/// The service that was ready takes the call: a slot is not taken twice, and what the closure
/// attached arrives.
#[tokio::test]
async fn readiness_goes_with_the_call() {
    let (mock, mut handle): (Mock, _) = mock::pair();
    let layer = MapIncomingLayer::new(|mut incoming: Incoming<DuplexStream>| async move {
        incoming.extensions.insert("seen");
        Ok::<_, crate::BoxError>(incoming)
    });
    let mut service = layer.layer(mock);
    handle.allow(1);
    std::future::poll_fn(|cx| service.poll_ready(cx))
        .await
        .unwrap();
    let call = tokio::spawn(service.call(Incoming::unnamed(duplex(16).1)));
    let (incoming, respond) = handle.next_request().await.unwrap();
    assert_eq!(incoming.extensions.get::<&str>(), Some(&"seen"));
    respond.send_response("done");
    assert_eq!(call.await.unwrap().unwrap(), "done");
    let mut again = tokio_test::task::spawn(());
    assert!(again.enter(|cx, _| service.poll_ready(cx)).is_pending());
}

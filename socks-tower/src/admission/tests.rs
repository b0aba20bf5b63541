use std::{
    convert::Infallible,
    future::{pending, poll_fn},
    sync::Arc,
    task::Poll,
    time::Duration,
};

use socks_core::{
    ReplyCode,
    message::{AcceptRequest, Denial, Endpoint, Permit, Terms, Verdict},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex},
    net::{TcpListener, TcpStream},
    time::{Instant, sleep},
};
use tower::{Service, ServiceExt, service_fn};
use tower_layer::Layer;
use tower_test::mock;

use super::*;
use crate::{BoxError, Incoming, SessionEnd, SessionReport};

type Inner = mock::Mock<Incoming<DuplexStream>, SessionReport>;
type Handle = mock::Handle<Incoming<DuplexStream>, SessionReport>;

fn inner() -> (Inner, Handle) {
    let (inner, mut handle) = mock::pair();
    handle.allow(1);
    (inner, handle)
}

async fn ready<S: Service<Incoming<Io>>, Io>(service: &mut S) {
    assert!(poll_fn(|cx| service.poll_ready(cx)).await.is_ok());
}

/// Nothing was asked of the service behind.
fn untouched(handle: &mut Handle) {
    let polled = tokio_test::task::spawn(()).enter(|_, _| handle.poll_request());
    assert!(matches!(polled, Poll::Pending | Poll::Ready(None)));
}

fn terms(rule: &str) -> Arc<Terms> {
    Arc::new(Terms::new(rule))
}

/// SE-1, SE-18, SE-19: the question has the client's address and port, the listener's and what layers learned; a
/// denied client hears nothing, and what is behind, all that looks up, asks or connects, is not called.
#[tokio::test]
async fn a_denied_client_goes_no_further() {
    let asked = service_fn(|request: AcceptRequest| async move {
        assert_eq!(request.peer.to_string(), "192.0.2.1:50000");
        assert_eq!(request.local.to_string(), "192.0.2.2:1080");
        assert_eq!(request.listener.as_deref(), Some("front"));
        assert_eq!(request.extensions.get(), Some(&"learned"));
        assert!(!request.direct);
        let denial = Denial::new(ReplyCode::NOT_ALLOWED).terms(terms("bad neighbours"));
        Ok::<_, Infallible>(Verdict::Deny(denial.limit("rate")))
    });
    let (inner, mut handle) = inner();
    let mut service = AdmissionLayer::new(asked).layer(inner);
    ready(&mut service).await;
    let (mut client, io) = duplex(16);
    client.write_all(&[5, 1, 0]).await.unwrap();
    let addr = |text: &str| text.parse::<std::net::SocketAddr>().unwrap();
    let ends = (addr("192.0.2.1:50000"), addr("192.0.2.2:1080"));
    let mut incoming = Incoming::new(io, ends.0, ends.1).listener("front");
    incoming.extensions.insert("learned");
    let report = service.call(incoming).await.unwrap();
    assert!(matches!(report.end, SessionEnd::NotAdmitted));
    assert_eq!(report.end.name(), "not_admitted");
    assert_eq!(report.terms, Some(terms("bad neighbours")));
    assert_eq!(report.limit.as_deref(), Some("rate"));
    let mut heard = Vec::new();
    client.read_to_end(&mut heard).await.unwrap();
    assert_eq!(heard, b"");
    untouched(&mut handle);
}

/// SE-19: over TCP the client is reset, whether the server would have had something to read or not, so that it never
/// waits for an answer.
#[tokio::test]
async fn a_denied_client_does_not_wait() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    for said in [&b""[..], &[5, 1, 0]] {
        let asked = service_fn(async |_| Ok::<_, Infallible>(Verdict::deny()));
        let served = service_fn(
            async |_: Incoming<TcpStream>| -> Result<SessionReport, Infallible> {
                panic!("it is not let in")
            },
        );
        let addr = listener.local_addr().unwrap();
        let mut client = TcpStream::connect(addr).await.unwrap();
        client.write_all(said).await.unwrap();
        let (stream, peer) = listener.accept().await.unwrap();
        if !said.is_empty() {
            stream.readable().await.unwrap();
        }
        let incoming = Incoming::tcp(stream, peer).unwrap();
        assert!(AcceptRequest::from(&incoming).direct);
        let service = AdmissionLayer::new(asked).layer(served);
        let report = service.oneshot(incoming).await.unwrap();
        assert!(matches!(report.end, SessionEnd::NotAdmitted));
        let error = client.read(&mut [0]).await.unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    }
}

/// What an allowing verdict carries: a guard that lives as long as the session, extensions and terms that every
/// phase sees, and terms for a report that has none.
#[tokio::test]
async fn an_admitted_client_has_its_permit() {
    for of_request in [None, Some(terms("request"))] {
        let slot = Arc::new(());
        let held = Arc::clone(&slot);
        let asked = service_fn(move |_| {
            let mut permit = Permit::new().terms(terms("neighbours"));
            permit.guard = Some(held.clone());
            permit.extensions.insert(7_u8);
            async { Ok::<_, Infallible>(Verdict::Allow(permit)) }
        });
        let (inner, mut handle) = inner();
        let mut service = AdmissionLayer::new(asked).layer(inner);
        ready(&mut service).await;
        let mut incoming = Incoming::unnamed(duplex(16).1);
        incoming.extensions.insert("learned");
        let call = tokio::spawn(service.call(incoming));
        drop(service);
        let (incoming, respond) = handle.next_request().await.unwrap();
        assert_eq!(incoming.extensions.get(), Some(&"learned"));
        assert_eq!(incoming.extensions.get(), Some(&7_u8));
        let by = incoming.extensions.get().cloned();
        assert_eq!(by, Some(AdmittedBy(terms("neighbours"))));
        let mut report = SessionReport::new(&incoming);
        report.terms.clone_from(&of_request);
        drop(incoming);
        assert_eq!(Arc::strong_count(&slot), 2, "the session holds it");
        respond.send_response(report);
        let report = call.await.unwrap().unwrap();
        assert_eq!(Arc::strong_count(&slot), 1);
        let expected = of_request.or(Some(terms("neighbours")));
        assert_eq!(report.terms, expected);
    }
}

/// SE-19: whoever nobody can judge is not let in.
#[tokio::test]
async fn a_failed_answer_admits_nobody() {
    let asked = service_fn(async |_| Err::<Verdict, BoxError>("database gone".into()));
    let (inner, mut handle) = inner();
    let mut service = AdmissionLayer::new(asked).layer(inner);
    ready(&mut service).await;
    let report = service.call(Incoming::unnamed(duplex(16).1)).await.unwrap();
    let SessionEnd::Admission(error) = &report.end else {
        panic!("{:?}", report.end)
    };
    assert_eq!(error.to_string(), "database gone");
    assert_eq!(report.end.name(), "admission_failed");
    untouched(&mut handle);
}

/// SE-13, SE-19: the answer's time counts from the accepted connection, with what layers before took.
#[tokio::test(start_paused = true)]
async fn an_answer_that_does_not_come() {
    for (seconds, layer) in [(5, None), (2, Some(2))] {
        let asked = service_fn(|_| pending::<Result<Verdict, Infallible>>());
        let (inner, mut handle) = inner();
        let mut layer_ = AdmissionLayer::new(asked);
        if let Some(seconds) = layer {
            layer_ = layer_.deadline(Duration::from_secs(seconds));
        }
        let mut service = layer_.layer(inner);
        ready(&mut service).await;
        let incoming = Incoming::unnamed(duplex(16).1);
        let accepted = incoming.accepted;
        sleep(Duration::from_secs(1)).await;
        let report = service.call(incoming).await.unwrap();
        let late = Instant::now() - accepted;
        assert_eq!(late.as_secs(), seconds);
        assert!(matches!(report.end, SessionEnd::Admission(_)));
        assert_eq!(report.duration, late);
        untouched(&mut handle);
    }
}

/// A slot of a limit behind is taken once, and given back with a denied client.
#[tokio::test]
async fn readiness_goes_with_the_call() {
    let asked = service_fn(async |request: AcceptRequest| {
        Ok::<_, Infallible>(match request.peer == Endpoint::Unnamed {
            true => Verdict::deny(),
            false => Verdict::allow(),
        })
    });
    let served = service_fn(async |incoming: Incoming<DuplexStream>| {
        Ok::<_, Infallible>(SessionReport::new(&incoming))
    });
    let limited = tower::limit::ConcurrencyLimit::new(served, 1);
    let mut service = AdmissionLayer::new(asked).layer(limited);
    for peer in [Endpoint::Unnamed, Endpoint::Unix(None), Endpoint::Unnamed] {
        ready(&mut service).await;
        let denied = peer == Endpoint::Unnamed;
        let call = service.call(Incoming::new(duplex(1).1, peer, Endpoint::Unnamed));
        let mut again = tokio_test::task::spawn(());
        let polled =
            again.enter(|cx, _| Service::<Incoming<DuplexStream>>::poll_ready(&mut service, cx));
        assert!(polled.is_pending());
        let report = call.await.unwrap();
        assert_eq!(matches!(report.end, SessionEnd::NotAdmitted), denied);
    }
}

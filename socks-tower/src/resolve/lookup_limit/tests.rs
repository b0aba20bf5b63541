use std::{
    net::IpAddr,
    sync::{Arc, Mutex},
    task::Poll,
    time::Duration,
};

use socks_core::{
    Domain,
    message::{ConnInfo, Endpoint, SessionId, Version},
};
use tokio_test::{assert_pending, assert_ready, task};
use tower::{ServiceExt, service_fn};
use tower_layer::Layer;
use tower_service::Service;
use tower_test::mock;

use super::{LookupLimit, LookupLimitFuture, LookupLimitLayer};
use crate::{Addrs, BoxError, Name, ResolveError, ResolveErrorKind, Resolver};

/// A name that somebody at `client` wants to know, or nobody in particular.
fn name(client: &str) -> Name {
    let name = Name::new(Domain::try_from("a.example").unwrap());
    let peer = match client {
        "nobody" => return name,
        "unix" => Endpoint::Unix(None),
        ip => Endpoint::Socket((ip.parse::<IpAddr>().unwrap(), 1).into()),
    };
    let local = Endpoint::Unnamed;
    let conn = ConnInfo::new(SessionId(1), Version::Socks5, peer, local);
    name.conn(Arc::new(conn))
}

type Requests = mock::Handle<Name, Addrs>;
type Lookup = task::Spawn<LookupLimitFuture>;

fn limited(layer: &LookupLimitLayer) -> (LookupLimit<mock::Mock<Name, Addrs>>, Requests) {
    let (resolver, mut requests) = mock::pair();
    requests.allow(1_000);
    (layer.layer(resolver), requests)
}

fn begin<R: Resolver>(resolver: &mut LookupLimit<R>, client: &str) -> Lookup {
    let mut lookup = task::spawn(resolver.call(name(client)));
    assert_pending!(lookup.poll());
    lookup
}

/// The request of a lookup that has reached the resolver inside.
fn reached(requests: &mut Requests) -> Option<(Name, mock::SendResponse<Addrs>)> {
    match task::spawn(requests.next_request()).poll() {
        Poll::Ready(request) => request,
        Poll::Pending => None,
    }
}

fn kind(lookup: &mut Lookup) -> Option<ResolveErrorKind> {
    let error = assert_ready!(lookup.poll()).unwrap_err();
    error.downcast_ref().map(ResolveError::kind)
}

/// SE-23: a client has so many lookups; the next one has its turn when one of them has ended, and
/// others do not wait for it.
#[tokio::test(start_paused = true)]
async fn lookups_of_a_client_are_bounded() {
    let (mut resolver, mut requests) = limited(&LookupLimitLayer::new().max_per_client(2));
    let mut first = begin(&mut resolver, "192.0.2.1");
    let (name, answer) = reached(&mut requests).unwrap();
    let _second = begin(&mut resolver, "192.0.2.1");
    assert!(reached(&mut requests).is_some());
    let mut third = begin(&mut resolver.clone(), "::ffff:192.0.2.1");
    assert!(reached(&mut requests).is_none());
    for other in ["192.0.2.2", "nobody", "nobody", "nobody", "unix", "unix"] {
        let _other = begin(&mut resolver, other);
        assert!(reached(&mut requests).is_some(), "{other}");
    }

    answer.send_response(Addrs::default());
    drop(name);
    assert!(first.is_woken());
    assert_eq!(assert_ready!(first.poll()).unwrap(), Addrs::default());
    assert!(third.is_woken());
    assert_pending!(third.poll());
    assert!(reached(&mut requests).is_some());
}

/// SE-23: whoever has an IPv6 network of 64 bits is one client.
#[tokio::test(start_paused = true)]
async fn a_network_is_one_client() {
    let (mut resolver, mut requests) = limited(&LookupLimitLayer::new().max_per_client(1));
    let _first = begin(&mut resolver, "2001:db8::1");
    let _second = begin(&mut resolver, "2001:db8::ffff:1");
    assert!(reached(&mut requests).is_some());
    assert!(reached(&mut requests).is_none());
    let _third = begin(&mut resolver, "2001:db8:0:1::1");
    assert!(reached(&mut requests).is_some());
}

/// SE-23: the wait for a turn has a deadline, and so many may wait; one that is given up waits no
/// more.
#[tokio::test(start_paused = true)]
async fn the_wait_is_bounded() {
    let layer = LookupLimitLayer::new().max_per_client(1).max_waiting(2);
    let (mut resolver, _requests) = limited(&layer);
    let _first = begin(&mut resolver, "192.0.2.1");
    let mut late = begin(&mut resolver, "192.0.2.1");
    let given_up = begin(&mut resolver, "192.0.2.1");
    let mut refused = task::spawn(resolver.call(name("192.0.2.1")));
    assert_eq!(kind(&mut refused), Some(ResolveErrorKind::TooMany));
    drop(given_up);
    let _next = begin(&mut resolver, "192.0.2.1");
    tokio::time::advance(Duration::from_secs(5)).await;
    assert_eq!(kind(&mut late), Some(ResolveErrorKind::TimedOut));
}

/// SE-23: a lookup that the resolver goes on with although nobody waits for it counts still, however
/// often a client begins one and leaves.
#[tokio::test(start_paused = true)]
async fn abandoned_lookups_count_until_they_end() {
    let under_way = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&under_way);
    let resolver = service_fn(move |name: Name| {
        log.lock().unwrap().push(name);
        std::future::pending::<Result<Addrs, BoxError>>()
    });
    let mut resolver = LookupLimitLayer::new().max_per_client(2).layer(resolver);
    for _ in 0..10 {
        drop(begin(&mut resolver, "192.0.2.1"));
    }
    assert_eq!(under_way.lock().unwrap().len(), 2);
    let mut waiting = begin(&mut resolver, "192.0.2.1");
    assert!(!waiting.is_woken());
    under_way.lock().unwrap().pop();
    assert!(waiting.is_woken());
    assert_pending!(waiting.poll());
    assert_eq!(under_way.lock().unwrap().len(), 2);
}

/// SE-23: what one layer makes counts together, whatever it is around.
#[tokio::test(start_paused = true)]
async fn one_layer_counts_together() {
    let layer = LookupLimitLayer::new().max_per_client(1);
    let (mut resolver, mut requests) = limited(&layer);
    let _first = begin(&mut resolver, "192.0.2.1");
    let (mut other, mut others) = limited(&layer);
    let _second = begin(&mut other, "192.0.2.1");
    assert!(reached(&mut requests).is_some() && reached(&mut others).is_none());
}

/// An error of the resolver inside is passed on as it is.
#[tokio::test]
async fn errors_are_passed_on() {
    let failing = service_fn(|_: Name| async {
        Err::<Addrs, _>(ResolveError::new(ResolveErrorKind::NotFound))
    });
    let resolver = LookupLimitLayer::default().layer(failing);
    let error = resolver.oneshot(name("unix")).await.unwrap_err();
    let error: &ResolveError = error.downcast_ref().unwrap();
    assert_eq!(error.kind(), ResolveErrorKind::NotFound);
}

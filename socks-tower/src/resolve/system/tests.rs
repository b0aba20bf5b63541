use std::{
    future::poll_fn,
    pin::Pin,
    sync::{Arc, mpsc},
    time::Duration,
};

use socks_core::{
    Domain,
    message::{ConnInfo, Endpoint, SessionId, Version},
};
use tower::ServiceExt;

use super::*;
use crate::Addrs;

const DEADLINE: Duration = Duration::from_secs(5);

fn name(text: &str) -> Name {
    Name::new(Domain::try_from(text).unwrap())
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn answer(text: &'static str) -> impl FnOnce() -> io::Result<Vec<IpAddr>> + Send + 'static {
    move || Ok(text.split(' ').map(ip).collect())
}

async fn resolve(
    resolver: &SystemResolver,
    ask: impl FnOnce() -> io::Result<Vec<IpAddr>> + Send + 'static,
) -> Result<Addrs, ResolveErrorKind> {
    let limits = resolver.limits.clone();
    let answer = limits
        .run(name("a.example"), |counted| blocking(counted, ask))
        .await;
    answer.map_err(|error| error.kind())
}

/// These names are loopback whatever the resolver would say (RFC 6761 §6.3).
#[tokio::test]
async fn localhost_is_never_asked_for() {
    let resolver = SystemResolver::new();
    // With every lookup taken, only what needs no lookup is answered.
    let all = resolver.limits.lookups.available_permits();
    let _all = resolver.limits.lookups.try_acquire_many(all as u32);
    for text in ["localhost", "a.b.localhost", "LocalHost"] {
        let answer = resolver.clone().oneshot(name(text)).await.unwrap();
        assert_eq!(answer.as_slice(), [ip("::1"), ip("127.0.0.1")], "{text}");
    }
    assert!(localhost(&name("localhost.example")).is_none());
    assert!(localhost(&name("notlocalhost")).is_none());
}

#[tokio::test]
async fn the_operating_system_answers() {
    let resolver = SystemResolver::new();
    let answer = resolver.oneshot(name("127.0.0.1")).await.unwrap();
    assert_eq!(answer.as_slice(), [ip("127.0.0.1")]);
}

/// SE-23: sixteen addresses are considered unless the application says otherwise.
#[tokio::test]
async fn answers_are_counted() {
    let many = || Ok((0..100).map(|n| IpAddr::from([192, 0, 2, n])).collect());
    let resolver = SystemResolver::new();
    let answer = resolve(&resolver, many).await.unwrap();
    assert_eq!(answer.as_slice().len(), 16);
    assert_eq!(answer.as_slice()[15], ip("192.0.2.15"));
    let answer = resolve(&resolver.max_addresses(2), many).await.unwrap();
    assert_eq!(answer.as_slice().len(), 2);
}

/// SE-42: link-local answers are discarded, in whatever form they come.
#[tokio::test]
async fn link_local_answers_are_dropped() {
    let resolver = SystemResolver::new();
    let mixed = answer("169.254.169.254 fe80::1 ::ffff:169.254.0.1 192.0.2.1");
    let answered = resolve(&resolver, mixed).await.unwrap();
    assert_eq!(answered.as_slice(), [ip("192.0.2.1")]);
    let nothing = resolve(&resolver, answer("169.254.169.254")).await;
    assert_eq!(nothing, Err(ResolveErrorKind::NoAddresses));
    let kept = resolve(&resolver.link_local(true), answer("fe80::1")).await;
    assert_eq!(kept.unwrap().as_slice(), [ip("fe80::1")]);
}

/// SE-23: a lookup ends at its deadline; its thread, which does not, still counts, and the
/// next one waits for it within a deadline of its own.
#[tokio::test(start_paused = true)]
async fn abandoned_lookups_count_until_they_end() {
    let resolver = SystemResolver::new().max_lookups(1);
    let (release, gate) = mpsc::channel::<()>();
    let (running, started) = mpsc::channel();
    let stuck = tokio::spawn({
        let resolver = resolver.clone();
        async move {
            let wait = move || {
                running.send(()).unwrap();
                let _closed = gate.recv();
                Ok(Vec::new())
            };
            resolve(&resolver, wait).await
        }
    });
    tokio::task::yield_now().await;
    started.recv().unwrap();
    // The clock does not run by itself while a blocking job does.
    tokio::time::advance(DEADLINE).await;
    assert_eq!(stuck.await.unwrap(), Err(ResolveErrorKind::TimedOut));
    assert_eq!(resolver.limits.lookups.available_permits(), 0);

    let next = {
        let resolver = resolver.clone();
        tokio::spawn(async move { resolve(&resolver, answer("192.0.2.1")).await })
    };
    tokio::task::yield_now().await;
    tokio::time::advance(DEADLINE).await;
    assert_eq!(next.await.unwrap(), Err(ResolveErrorKind::TimedOut));

    drop(release);
    assert!(resolve(&resolver, answer("192.0.2.1")).await.is_ok());
}

async fn is_pending<F: Future>(mut future: Pin<&mut F>) -> bool {
    poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx).is_pending())).await
}

/// SE-23: a client that has taken its lookups, and has left, takes none from others with those
/// that wait; and one that is for no client is not the client's.
#[tokio::test]
async fn a_client_cannot_take_all() {
    let resolver = SystemResolver::new()
        .max_lookups(2)
        .max_lookups_per_client(1);
    let asked_by = |ip: &str| {
        let peer = Endpoint::Socket((ip.parse::<IpAddr>().unwrap(), 1).into());
        let conn = ConnInfo::new(SessionId(1), Version::Socks5, peer, Endpoint::Unnamed);
        name("a.example").conn(Arc::new(conn))
    };
    let (release, gate) = mpsc::channel::<()>();
    let (running, started) = tokio::sync::oneshot::channel();
    let wait = move || {
        running.send(()).unwrap();
        let _closed = gate.recv();
        Ok(Vec::new())
    };
    let look_up = |name, ask| {
        let limits = resolver.limits.clone();
        limits.run(name, |counted| blocking(counted, ask))
    };
    type Ask = Box<dyn FnOnce() -> io::Result<Vec<IpAddr>> + Send>;
    let ask = || -> Ask { Box::new(answer("192.0.2.1")) };
    let stuck = tokio::spawn(look_up(asked_by("2001:db8::1"), Box::new(wait) as Ask));
    started.await.unwrap();
    stuck.abort();
    let mut next = Box::pin(look_up(asked_by("2001:db8::2"), ask()));
    assert!(is_pending(next.as_mut()).await);
    for other in [asked_by("2001:db8:0:1::1"), name("b.example")] {
        assert!(look_up(other, ask()).await.is_ok());
    }
    assert!(is_pending(next.as_mut()).await);
    drop(release);
    assert!(next.await.is_ok());
}

/// R5-37: on request the name is rooted, so that no search domain applies.
#[test]
fn rooted_on_request() {
    let resolver = SystemResolver::new();
    assert_eq!(resolver.query(&name("a.example")), "a.example");
    assert_eq!(
        resolver.rooted(true).query(&name("a.example")),
        "a.example."
    );
}

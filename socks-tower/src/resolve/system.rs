use std::{
    io,
    net::{IpAddr, ToSocketAddrs},
    task::{Context, Poll},
};

use tokio::sync::OwnedSemaphorePermit;
use tower_service::Service;

use super::limits::{Limits, limit_setters, localhost};
use crate::{Name, ResolveError, ResolveErrorKind, ResolveFuture};

/// Looks names up as the operating system does: `/etc/hosts`, DNS and whatever else it is
/// configured for.
///
/// The call blocks and cannot be stopped, so it runs on tokio's blocking pool and counts against
/// [`max_lookups`](Self::max_lookups) until it ends, even if nobody waits for it any more. When all
/// are taken, a lookup waits for a free one until its [`deadline`](Self::deadline).
///
/// The system's search domains apply to a name (against `R5-37`), because glibc looks a rooted
/// name up in DNS alone and would ignore `/etc/hosts`. [`rooted`](Self::rooted) changes that.
#[derive(Clone, Debug, Default)]
pub struct SystemResolver {
    limits: Limits,
    rooted: bool,
}

impl SystemResolver {
    /// A resolver with the default bounds.
    pub fn new() -> Self {
        Self::default()
    }

    limit_setters!();

    /// Whether names are looked up with a trailing dot, so that no search domain is applied
    /// (`R5-37`). Off by default.
    #[must_use]
    pub fn rooted(mut self, rooted: bool) -> Self {
        self.rooted = rooted;
        self
    }

    fn query(&self, name: &Name) -> String {
        let dot = if self.rooted { "." } else { "" };
        format!("{}{dot}", name.as_str())
    }
}

impl Service<Name> for SystemResolver {
    type Response = crate::Addrs;
    type Error = ResolveError;
    type Future = ResolveFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        if let Some(addrs) = localhost(&name) {
            return ResolveFuture::new(std::future::ready(Ok(addrs)));
        }
        let query = self.query(&name);
        let limits = self.limits.clone();
        ResolveFuture::new(limits.run(|permit| {
            blocking(permit, move || {
                let answer = ask(&query);
                drop(name);
                answer
            })
        }))
    }
}

fn ask(query: &str) -> io::Result<Vec<IpAddr>> {
    let addrs = (query, 0).to_socket_addrs()?;
    Ok(addrs.map(|addr| addr.ip()).collect())
}

async fn blocking(
    permit: OwnedSemaphorePermit,
    ask: impl FnOnce() -> io::Result<Vec<IpAddr>> + Send + 'static,
) -> Result<Vec<IpAddr>, ResolveError> {
    let job = tokio::task::spawn_blocking(move || {
        // The job owns the permit: the thread is taken until `ask` returns, whoever waits.
        let _permit = permit;
        ask()
    });
    let failed = |error| ResolveError::with_source(ResolveErrorKind::Failed, error);
    job.await.map_err(failed)?.map_err(|error| {
        let kind = match error.kind() {
            io::ErrorKind::NotFound => ResolveErrorKind::NotFound,
            io::ErrorKind::TimedOut => ResolveErrorKind::TimedOut,
            _ => ResolveErrorKind::Failed,
        };
        ResolveError::with_source(kind, error)
    })
}

#[cfg(test)]
mod tests {
    use std::{sync::mpsc, time::Duration};

    use socks_core::Domain;
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
        let answer = limits.run(|permit| blocking(permit, ask)).await;
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
}

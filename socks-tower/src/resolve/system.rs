use std::{
    io,
    net::{IpAddr, ToSocketAddrs},
    task::{Context, Poll},
};

use tower_service::Service;

use super::limits::{Counted, Limits, limit_setters, localhost};
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
        ResolveFuture::new(limits.run(name, |counted| blocking(counted, move || ask(&query))))
    }
}

fn ask(query: &str) -> io::Result<Vec<IpAddr>> {
    let addrs = (query, 0).to_socket_addrs()?;
    Ok(addrs.map(|addr| addr.ip()).collect())
}

async fn blocking(
    counted: Counted,
    ask: impl FnOnce() -> io::Result<Vec<IpAddr>> + Send + 'static,
) -> Result<Vec<IpAddr>, ResolveError> {
    let job = tokio::task::spawn_blocking(move || {
        // The job owns what counts: the thread is taken until `ask` returns, whoever waits.
        let _counted = counted;
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
mod tests;

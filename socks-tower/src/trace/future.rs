use std::{
    error::Error as StdError,
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use pin_project_lite::pin_project;
use tracing::{Span, info};

use crate::{SessionEnd, SessionReport};

pin_project! {
    /// A session inside its span.
    #[derive(Debug)]
    pub struct TraceFuture<F> {
        #[pin]
        pub(super) inner: F,
        pub(super) span: Span,
        pub(super) done: bool,
    }

    impl<F> PinnedDrop for TraceFuture<F> {
        /// A session that was cut off, by a drain that took too long or by its application, has no
        /// report to tell of.
        fn drop(this: Pin<&mut Self>) {
            if !this.done {
                this.span.in_scope(|| info!(end = "aborted"));
            }
        }
    }
}

impl<F, E> Future for TraceFuture<F>
where
    F: Future<Output = Result<SessionReport, E>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let _entered = this.span.enter();
        let result = ready!(this.inner.poll(cx));
        *this.done = true;
        if let Ok(report) = &result {
            log(report);
        }
        Poll::Ready(result)
    }
}

fn log(report: &SessionReport) {
    let identity = report.identity.as_ref();
    let user = identity.and_then(|identity| identity.user.as_ref());
    let claimed = identity.and_then(|identity| identity.claimed.as_ref());
    let ident = identity.and_then(|identity| identity.ident.as_ref());
    info!(
        version = report.version.map(tracing::field::display),
        user = user.map(tracing::field::display),
        claimed = claimed.map(tracing::field::display),
        ident = ident.map(tracing::field::display),
        command = report.command.map(tracing::field::display),
        destination = report.destination.as_ref().map(tracing::field::display),
        remote = report.remote.map(tracing::field::display),
        sent = report.sent,
        received = report.received,
        milliseconds = u64::try_from(report.duration.as_millis()).unwrap_or(u64::MAX),
        end = report.end.name(),
        code = report.end.code().map(tracing::field::display),
        error = error(&report.end).map(Chain).map(tracing::field::display),
    );
}

fn error(end: &SessionEnd) -> Option<&(dyn StdError + 'static)> {
    match end {
        SessionEnd::Failed { error, .. }
        | SessionEnd::Admission(error)
        | SessionEnd::Authenticator(error)
        | SessionEnd::Relay(error) => Some(&**error),
        SessionEnd::Malformed(error) => Some(error),
        SessionEnd::Io(error) => Some(error),
        _ => None,
    }
}

/// An error and its sources on one line.
struct Chain<'a>(&'a (dyn StdError + 'static));

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut source = self.0.source();
        while let Some(error) = source {
            write!(f, ": {error}")?;
            source = error.source();
        }
        Ok(())
    }
}

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use pin_project_lite::pin_project;
use socks_core::Escaped;
use tracing::{Span, info};

use crate::{SessionEnd, SessionReport, error::Chain, sessions::EndReason};

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
    let rule = report.terms.as_ref().map(|terms| &terms.rule);
    let rule = rule.map(|rule| Escaped(rule.as_bytes()));
    let limit = report.limit.as_ref();
    let limit = limit.map(|limit| Escaped(limit.as_bytes()));
    let reason = match &report.end {
        SessionEnd::Cut(reason) => Some(*reason),
        end => end.reason().map(EndReason::name),
    };
    info!(
        version = report.version.map(tracing::field::display),
        user = user.map(tracing::field::display),
        claimed = claimed.map(tracing::field::display),
        ident = ident.map(tracing::field::display),
        command = report.command.map(tracing::field::display),
        destination = report.destination.as_ref().map(tracing::field::display),
        remote = report.remote.map(tracing::field::display),
        rule = rule.map(tracing::field::display),
        limit = limit.map(tracing::field::display),
        sent = report.sent,
        received = report.received,
        milliseconds = u64::try_from(report.duration.as_millis()).unwrap_or(u64::MAX),
        end = report.end.name(),
        reason = reason.map(tracing::field::display),
        code = report.end.code().map(tracing::field::display),
        error = report.end.error().map(Chain).map(tracing::field::display),
    );
}

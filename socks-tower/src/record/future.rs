use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use pin_project_lite::pin_project;

use super::Record;
use crate::{SessionEnd, SessionReport, sessions::Live};

pin_project! {
    /// A session of which records are kept.
    ///
    /// # Cancel safety
    ///
    /// Dropped before its end it is recorded as [`Aborted`](SessionEnd::Aborted).
    pub struct RecordFuture<F, R: Record> {
        #[pin]
        inner: F,
        record: R,
        live: Arc<Live>,
        entry: Option<R::Entry>,
        open: bool,
    }

    impl<F, R: Record> PinnedDrop for RecordFuture<F, R> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            if let Some(entry) = this.entry.take() {
                this.record.end(entry, &this.live.report(SessionEnd::Aborted));
            }
        }
    }
}

impl<F, R: Record> RecordFuture<F, R> {
    pub(super) fn new(inner: F, record: R, live: Arc<Live>) -> Self {
        let entry = Some(record.begin(&live));
        Self {
            inner,
            record,
            live,
            entry,
            open: false,
        }
    }
}

impl<F, R, E> Future for RecordFuture<F, R>
where
    F: Future<Output = Result<SessionReport, E>>,
    R: Record,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let polled = this.inner.poll(cx);
        if !*this.open && this.live.is_open() {
            *this.open = true;
            if let Some(entry) = this.entry {
                this.record.open(entry, this.live);
            }
        }
        let result = ready!(polled);
        if let Some(entry) = this.entry.take() {
            match &result {
                Ok(report) => this.record.end(entry, report),
                Err(_) => this
                    .record
                    .end(entry, &this.live.report(SessionEnd::Aborted)),
            }
        }
        Poll::Ready(result)
    }
}

impl<F, R: Record> fmt::Debug for RecordFuture<F, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordFuture")
            .field("live", &self.live)
            .finish_non_exhaustive()
    }
}

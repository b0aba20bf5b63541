use std::{
    future::Future,
    pin::pin,
    task::{Context, Poll},
};

/// Has the task that is being polled come back after the others of its thread have had their turn
/// and the runtime has looked for events.
///
/// A task that wakes itself by its waker is run again before the runtime looks: tokio asks the
/// system only every so many polls, so that a few busy tasks keep the thread among themselves
/// while what arrives for others waits. Wakers that `yield_now` is polled with are woken behind
/// that look.
pub(crate) fn defer(cx: &mut Context<'_>) {
    if let Poll::Ready(()) = pin!(tokio::task::yield_now()).poll(cx) {
        cx.waker().wake_by_ref();
    }
}

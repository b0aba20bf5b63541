use std::{
    future::Future,
    pin::pin,
    task::{Context, Poll},
};

/// Has the task polled again once the other tasks of its thread had their turn *and* the IO driver
/// has been asked for news.
///
/// Waking oneself is not enough for that: tokio looks at its driver only every 61 polls while tasks
/// are ready, so a few busy tasks that wake themselves would go round among themselves while
/// everybody else waits for an event that has long happened. `yield_now` puts the waker where the
/// runtime looks after the driver, and has done so once it was polled.
pub(crate) fn defer(cx: &mut Context<'_>) {
    let deferred = pin!(tokio::task::yield_now()).poll(cx);
    if deferred.is_ready() {
        // Not what it is documented to do, but a task that nobody wakes would hang.
        cx.waker().wake_by_ref();
    }
    debug_assert_eq!(deferred, Poll::Pending);
}

use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
};

use pin_project_lite::pin_project;
use slab::Slab;
use tokio::{sync::Notify, task::AbortHandle};

/// The sessions under way, each a task of its own; dropping this aborts them.
///
/// A `JoinSet` would do, but it wakes its owner for each task that ends: the accept loop of a server
/// with many threads would be woken, across threads, for every connection that closes.
pub(super) struct Sessions {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    /// `None` until the task was spawned.
    tasks: Mutex<Slab<Option<AbortHandle>>>,
    emptied: Notify,
}

impl Sessions {
    pub(super) fn new() -> Self {
        Self {
            shared: Arc::default(),
        }
    }

    pub(super) fn spawn(&mut self, session: impl Future<Output = ()> + Send + 'static) {
        let key = self.shared.tasks().insert(None);
        let place = Place {
            key,
            shared: Arc::clone(&self.shared),
        };
        // The lock is not held: a runtime that is shutting down drops the task, and the place with
        // it, in here.
        let task = tokio::spawn(Placed { session, place });
        // If it has ended already, nobody has its key: keys are given out here alone.
        if let Some(handle) = self.shared.tasks().get_mut(key) {
            *handle = Some(task.abort_handle());
        }
    }

    pub(super) fn len(&self) -> usize {
        self.shared.tasks().len()
    }

    /// Waits until the last one has ended. Cancel safe.
    pub(super) async fn all_ended(&self) {
        while self.len() > 0 {
            self.shared.emptied.notified().await;
        }
    }

    /// Aborts what is left, and waits until it is gone.
    pub(super) async fn abort(&self) {
        self.shared.abort();
        self.all_ended().await;
    }
}

impl Drop for Sessions {
    fn drop(&mut self) {
        self.shared.abort();
    }
}

impl Shared {
    fn tasks(&self) -> MutexGuard<'_, Slab<Option<AbortHandle>>> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn abort(&self) {
        // Collected first, so that nothing of a task runs while the lock is held.
        let handles: Vec<_> = self
            .tasks()
            .iter()
            .filter_map(|(_, task)| task.clone())
            .collect();
        for handle in handles {
            handle.abort();
        }
    }
}

pin_project! {
    struct Placed<F> {
        #[pin]
        session: F,
        place: Place,
    }
}

impl<F: Future<Output = ()>> Future for Placed<F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.project().session.poll(cx)
    }
}

/// A session's place in the table, given back when its task ends or is dropped.
struct Place {
    key: usize,
    shared: Arc<Shared>,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut tasks = self.shared.tasks();
        tasks.try_remove(self.key);
        if tasks.is_empty() {
            self.shared.emptied.notify_one();
        }
    }
}

use std::{num::NonZeroUsize, sync::Arc};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Lets so many in, so many wait, and turns the rest away at once.
///
/// A queue without an end would answer nobody in time, and hold everybody's password meanwhile.
#[derive(Debug)]
pub(crate) struct Gate {
    /// Those that are in and those that wait.
    admitted: Arc<Semaphore>,
    running: Arc<Semaphore>,
}

/// A place inside, given up when dropped.
#[derive(Debug)]
pub(crate) struct Pass {
    _running: OwnedSemaphorePermit,
    _admitted: OwnedSemaphorePermit,
}

/// So many are in and wait that one more is turned away.
#[derive(Debug)]
pub(crate) struct Full;

impl Gate {
    pub(crate) fn new(running: NonZeroUsize, waiting: usize) -> Self {
        let running = running.get().min(Semaphore::MAX_PERMITS);
        let admitted = running.saturating_add(waiting).min(Semaphore::MAX_PERMITS);
        Self {
            admitted: Arc::new(Semaphore::new(admitted)),
            running: Arc::new(Semaphore::new(running)),
        }
    }

    /// Those that wait come in in the order they came. Dropped while it waits, it leaves the queue.
    pub(crate) async fn enter(&self) -> Result<Pass, Full> {
        // Neither semaphore is ever closed.
        let admitted = Arc::clone(&self.admitted);
        let admitted = admitted.try_acquire_owned().map_err(|_| Full)?;
        let running = Arc::clone(&self.running);
        let running = running.acquire_owned().await.map_err(|_| Full)?;
        Ok(Pass {
            _running: running,
            _admitted: admitted,
        })
    }
}

use std::sync::Arc;

use tokio::{sync::Semaphore, task::spawn_blocking};

use crate::BoxError;

/// How many calls may block threads at once.
#[derive(Clone, Debug)]
pub(crate) struct Slots(Arc<Semaphore>);

impl Slots {
    pub(crate) fn new(slots: usize) -> Self {
        Self(Arc::new(Semaphore::new(
            slots.clamp(1, Semaphore::MAX_PERMITS),
        )))
    }

    /// Runs `work` on a thread that may block, as soon as there is a slot.
    ///
    /// A call that has begun cannot be called off. If this is dropped, what it comes to is thrown
    /// away, and its slot is free when it has ended, so abandoned calls count.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, BoxError> {
        let slot = Arc::clone(&self.0).acquire_owned().await?;
        let work = spawn_blocking(move || {
            let done = work();
            drop(slot);
            done
        });
        Ok(work.await?)
    }
}

use std::{fmt, num::NonZeroUsize, sync::Arc, thread};

use tokio::task;

use crate::gate::Gate;

/// Does slow verification away from the threads that move bytes, so much of it at once (`SE-31`).
///
/// A password hash is made to take long, and PAM blocks; on a thread of the runtime each would hold
/// up every session of that thread. The pool gives such work to the runtime's blocking threads,
/// never more than `running` at once, and lets `waiting` more stand in line. Beyond that it fails
/// at once, which a server answers with failure: with a longer line nobody would be answered
/// before the handshake's deadline.
///
/// Clones share the bound. Give one pool to several back ends to bound them together.
#[derive(Clone, Debug)]
pub struct VerifyPool {
    gate: Arc<Gate>,
}

impl VerifyPool {
    /// Those that wait by default.
    pub const WAITING: usize = 256;

    /// At most `running` at once and `waiting` in line.
    pub fn new(running: NonZeroUsize, waiting: usize) -> Self {
        Self {
            gate: Arc::new(Gate::new(running, waiting)),
        }
    }

    /// Runs `work`, which may block, and hands back what it returns.
    ///
    /// Must be called within a tokio runtime.
    ///
    /// # Errors
    ///
    /// If as many run and wait as may, if `work` panicked, or if the runtime is ending.
    ///
    /// # Cancel safety
    ///
    /// Dropped in line, nothing was done. Dropped later, the work goes on to its end, as blocking
    /// work must, and its place is taken until then, so that clients who leave do not lift the
    /// bound.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, VerifyPoolError> {
        let pass = self.gate.enter().await;
        let pass = pass.map_err(|_| VerifyPoolError { busy: true })?;
        let work = task::spawn_blocking(move || {
            let _pass = pass;
            work()
        });
        // A panic's message may hold anything, so it is not passed on.
        work.await.map_err(|_| VerifyPoolError { busy: false })
    }
}

impl Default for VerifyPool {
    /// Half the processors, at least one, so that those who hash leave room to those who relay,
    /// and [`WAITING`](Self::WAITING) in line.
    fn default() -> Self {
        let processors = thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let running = NonZeroUsize::new(processors / 2).unwrap_or(NonZeroUsize::MIN);
        Self::new(running, Self::WAITING)
    }
}

/// Why a [`VerifyPool`] did not do its work.
#[derive(Debug)]
pub struct VerifyPoolError {
    busy: bool,
}

impl VerifyPoolError {
    /// Whether too much was under way already; otherwise the work broke.
    pub fn is_busy(&self) -> bool {
        self.busy
    }
}

impl fmt::Display for VerifyPoolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.busy {
            true => "too many logins are being verified",
            false => "the verification broke off",
        })
    }
}

impl std::error::Error for VerifyPoolError {}

#[cfg(test)]
mod tests;

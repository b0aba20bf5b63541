//! SIGHUP: files are read again, logs opened anew. Where nothing is to be done it does nothing.

#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};
#[cfg(unix)]
use tracing::warn;

/// Hears of every SIGHUP from when it is made.
pub struct Hangups {
    #[cfg(unix)]
    signal: Option<Signal>,
}

impl Hangups {
    #[cfg(unix)]
    pub fn listen() -> Self {
        let signal = signal(SignalKind::hangup());
        Self {
            signal: signal
                .inspect_err(|error| warn!(%error, "SIGHUP is not heard"))
                .ok(),
        }
    }

    #[cfg(not(unix))]
    pub fn listen() -> Self {
        Self {}
    }

    /// The next one. Cancel safe.
    pub async fn next(&mut self) {
        #[cfg(unix)]
        if let Some(signal) = &mut self.signal
            && signal.recv().await.is_some()
        {
            return;
        }
        std::future::pending().await
    }
}

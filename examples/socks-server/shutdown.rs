//! SIGTERM and SIGINT: the first one drains, the second one ends the process.

use std::{future::Future, io, process};

use tokio::sync::watch;

/// Where the first signal is heard.
#[derive(Clone)]
pub struct Shutdown(watch::Receiver<bool>);

impl Shutdown {
    /// Listens for signals from here on.
    pub fn listen() -> io::Result<Self> {
        let (drain, draining) = watch::channel(false);
        let mut signals = Signals::new()?;
        tokio::spawn(async move {
            signals.next().await;
            drain.send_replace(true);
            signals.next().await;
            process::exit(1);
        });
        Ok(Self(draining))
    }

    /// Whether it was heard.
    pub fn draining(&self) -> watch::Receiver<bool> {
        self.0.clone()
    }

    /// Done with the first signal.
    pub fn signal(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut draining = self.0.clone();
        async move {
            // Fails when the runtime ends, and then it is time as well.
            let _ = draining.wait_for(|draining| *draining).await;
        }
    }
}

#[cfg(unix)]
struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};

        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending().await
        }
    }
}

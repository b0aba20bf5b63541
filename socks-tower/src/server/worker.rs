use std::{future::Future, io, mem};

use tokio::{net::TcpListener, sync::watch};

/// One thread of [`Workers`](crate::Workers), as its closure sees it.
#[derive(Debug)]
pub struct Worker {
    index: usize,
    listeners: Vec<std::net::TcpListener>,
    draining: watch::Receiver<bool>,
}

impl Worker {
    pub(super) fn new(
        index: usize,
        listeners: Vec<std::net::TcpListener>,
        draining: watch::Receiver<bool>,
    ) -> Self {
        Self {
            index,
            listeners,
            draining,
        }
    }

    /// Which worker this is, from 0.
    pub fn index(&self) -> usize {
        self.index
    }

    /// Takes this worker's listeners, one for each address that was bound, in that order; as a
    /// `Vec` they are one [`Listener`](crate::Listener). The second time there are none left.
    /// The kernel gives a worker its share of the connections whether it accepts them or not.
    ///
    /// # Errors
    ///
    /// The operating system's, when a socket cannot be registered with the runtime.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime with IO enabled; the worker's own has it.
    pub fn listeners(&mut self) -> io::Result<Vec<TcpListener>> {
        mem::take(&mut self.listeners)
            .into_iter()
            .map(TcpListener::from_std)
            .collect()
    }

    /// Done when the workers are to end: the signal for
    /// [`Serve::with_graceful_shutdown`](crate::Serve::with_graceful_shutdown).
    pub fn shutdown_signal(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut draining = self.draining.clone();
        async move {
            // An error means that nobody is left to ask for the end.
            let _ended = draining.wait_for(|draining| *draining).await;
        }
    }
}

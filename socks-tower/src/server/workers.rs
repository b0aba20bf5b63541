use std::{
    fmt,
    future::{Future, pending},
    io,
    net::SocketAddr,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    thread,
};

use tokio::{
    runtime::Builder,
    sync::{mpsc, watch},
};
use tracing::error;

use super::{TcpListenerOptions, Worker};

/// Threads that share ports, each with its own single-threaded runtime and its own listeners: a
/// session stays on the thread that accepted it, and threads share no queue and no lock.
///
/// ```no_run
/// use socks_tower::{BoxError, Incoming, Worker, Workers, serve};
/// use tokio::net::TcpStream;
/// use tower::service_fn;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// let service = service_fn(|_: Incoming<TcpStream>| async { Ok::<_, BoxError>(()) });
///
/// let mut workers = Workers::new(4);
/// let addr = workers.bind("127.0.0.1:0".parse().unwrap())?;
/// println!("listening on {addr}");
/// workers
///     .with_graceful_shutdown(async { tokio::signal::ctrl_c().await.unwrap() })
///     .run(move |mut worker: Worker| async move {
///         serve(worker.listeners()?, service)
///             .with_graceful_shutdown(worker.shutdown_signal())
///             .await
///     })
///     .await
/// # }
/// ```
///
/// The kernel spreads connections over the listeners of one port (`SO_REUSEPORT`), which Linux
/// alone does well; elsewhere there is one worker, whatever was asked for. It spreads by the
/// client's address and port and knows nothing about load: a worker that is busy, or paused by a
/// [limit](crate::serve) of its own, keeps its share waiting.
pub struct Workers {
    options: TcpListenerOptions,
    /// Each worker's listeners.
    listeners: Vec<Vec<std::net::TcpListener>>,
    shutdown: Pin<Box<dyn Future<Output = ()> + Send>>,
}

impl Workers {
    /// So many workers; 0 counts as 1.
    pub fn new(count: usize) -> Self {
        let balanced = cfg!(any(target_os = "linux", target_os = "android"));
        let count = if balanced { count.max(1) } else { 1 };
        Self {
            options: TcpListenerOptions::new(),
            listeners: (0..count).map(|_| Vec::new()).collect(),
            shutdown: Box::pin(pending()),
        }
    }

    /// How the next [`bind`](Self::bind) opens its listeners.
    #[must_use]
    pub fn options(mut self, options: TcpListenerOptions) -> Self {
        self.options = options;
        self
    }

    /// Opens a listener for each worker on one address and returns that address. With port 0 the
    /// system chooses a port for the first listener and the others share it. Connections wait in
    /// the backlog until the workers run.
    ///
    /// # Errors
    ///
    /// The operating system's, for example for a port in use. A process of the same user that
    /// listens with `SO_REUSEPORT` too is no error: it gets a share of the connections.
    pub fn bind(&mut self, mut addr: SocketAddr) -> io::Result<SocketAddr> {
        let share = self.listeners.len() > 1;
        let options = self.options.clone().reuse_port(share);
        let mut bound = Vec::with_capacity(self.listeners.len());
        for _ in &self.listeners {
            let listener = options.bind_std(addr)?;
            addr = listener.local_addr()?;
            bound.push(listener);
        }
        for (listeners, listener) in self.listeners.iter_mut().zip(bound) {
            listeners.push(listener);
        }
        Ok(addr)
    }

    /// Tells each worker to end ([`Worker::shutdown_signal`]) when `signal` is done.
    #[must_use]
    pub fn with_graceful_shutdown<F>(mut self, signal: F) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.shutdown = Box::pin(signal);
        self
    }

    /// Calls `work` on each worker's thread and waits for all of them. Nothing that `work` does
    /// needs to be `Send`; the closure itself is cloned to each thread.
    ///
    /// # Errors
    ///
    /// The first error of a worker, once all have ended: the others get the shutdown's signal. A
    /// panic counts as an error, and so does a thread or a runtime that cannot be made.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future stops each worker the next time that it waits, without a drain.
    pub async fn run<F, Fut>(self, work: F) -> io::Result<()>
    where
        F: FnOnce(Worker) -> Fut + Clone + Send + 'static,
        Fut: Future<Output = io::Result<()>>,
    {
        let (drain, draining) = watch::channel(false);
        let (end, mut ends) = mpsc::unbounded_channel();
        for (index, listeners) in self.listeners.into_iter().enumerate() {
            let worker = Worker::new(index, listeners, draining.clone());
            let (work, draining, end) = (work.clone(), draining.clone(), end.clone());
            thread::Builder::new()
                .name(format!("socks-worker-{index}"))
                .spawn(move || {
                    // Nobody listens any more once the future was dropped.
                    let _unheard = end.send((index, run_worker(worker, work, draining)));
                })?;
        }
        drop((work, draining, end));

        let mut shutdown = self.shutdown;
        let mut first_error = Ok(());
        loop {
            tokio::select! {
                ended = ends.recv() => match ended {
                    Some((worker, Err(error))) => {
                        error!(worker, %error, "worker failed");
                        first_error = first_error.and(Err(error));
                        drain.send_replace(true);
                    }
                    Some((_, Ok(()))) => {}
                    None => return first_error,
                },
                () = &mut shutdown => {
                    drain.send_replace(true);
                    shutdown = Box::pin(pending());
                }
            }
        }
    }
}

impl fmt::Debug for Workers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Workers")
            .field("options", &self.options)
            .field("listeners", &self.listeners)
            .finish_non_exhaustive()
    }
}

/// One thread: ends with the work, or when nobody waits for it any more.
fn run_worker<F, Fut>(
    worker: Worker,
    work: F,
    mut draining: watch::Receiver<bool>,
) -> io::Result<()>
where
    F: FnOnce(Worker) -> Fut,
    Fut: Future<Output = io::Result<()>>,
{
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let abandoned = async { while draining.changed().await.is_ok() {} };
    let ended = catch_unwind(AssertUnwindSafe(|| {
        runtime.block_on(async {
            tokio::select! {
                ended = work(worker) => ended,
                () = abandoned => Ok(()),
            }
        })
    }));
    // A blocking task, such as a look-up in the system's resolver, must not hold the end up.
    runtime.shutdown_background();
    ended.unwrap_or_else(|_| Err(io::Error::other("a worker panicked")))
}

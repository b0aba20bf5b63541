use std::{
    fmt,
    future::{Future, IntoFuture, pending, poll_fn},
    io, mem,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use tokio::{task::consume_budget, time::timeout};
use tower_service::Service;
use tracing::info;

use super::{
    Listener, accept_error::AcceptError, backoff::Backoff, session::Session, sessions::Sessions,
};
use crate::{BoxError, Incoming};

const DRAIN_TIMEOUT: Duration = Duration::from_secs(30);

/// Accepts connections and serves each with a clone of `service`, in a task of its own.
///
/// ```no_run
/// use socks_tower::{BoxError, Incoming, TcpListenerOptions, serve};
/// use tokio::net::TcpStream;
/// use tower::service_fn;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// let listener = TcpListenerOptions::new().bind("127.0.0.1:1080".parse().unwrap())?;
/// let service = service_fn(|incoming: Incoming<TcpStream>| async move {
///     println!("{} came in", incoming.peer);
///     Ok::<_, BoxError>(())
/// });
/// let interrupt = async { tokio::signal::ctrl_c().await.unwrap() };
/// serve(listener, service).with_graceful_shutdown(interrupt).await
/// # }
/// ```
///
/// **Readiness comes first.** A connection is accepted only once the service is ready for it, so
/// `tower::limit::ConcurrencyLimit` around the service bounds the sessions that are open, and who
/// comes on top waits in the listener's backlog.
///
/// **Accept errors** are told apart ([`Listener::poll_accept`]). When descriptors or memory run out,
/// accepting pauses for 10 ms, then twice as long each time up to 1 s (`SE-17`). The sessions under
/// way go on: a reply or a close needs no new descriptor. What a session opens later, its
/// connection to the target, does need one; to keep some for that, limit the sessions by
/// readiness to less than what the process may open.
///
/// **Where it runs.** In a multi-threaded runtime, spawn it (`tokio::spawn(serve(..).into_future())`): the
/// thread that blocks on the runtime is none of its workers, and accepting there wakes a worker
/// across threads for each connection. [`Workers`](crate::Workers) go without shared threads.
///
/// **One session cannot hurt another.** An error that the service returns is logged at debug level, a
/// panic at error level without its payload. Answers are dropped: a layer around the service can
/// look at them.
///
/// # Errors
///
/// The future ends with an error, and aborts the sessions, when the listener cannot accept any
/// more or when the service's `poll_ready` fails; that error is then the source of an
/// [`io::Error`] of kind [`Other`](io::ErrorKind::Other). Without a shutdown it never ends well.
///
/// # Cancel safety
///
/// Dropping the future closes the listener and aborts every session.
pub fn serve<L, S>(listener: L, service: S) -> Serve<L, S>
where
    L: Listener,
    S: Service<Incoming<L::Io>, Error: Into<BoxError>, Future: Send> + Clone + Send + 'static,
{
    Serve {
        listener,
        service,
        shutdown: Box::pin(pending()),
        drain_timeout: DRAIN_TIMEOUT,
    }
}

/// A server that runs when it is awaited ([`serve`]). Where a [`Future`] is wanted, as by
/// `tokio::spawn`, call [`into_future`](IntoFuture::into_future).
#[must_use = "a server does nothing until it is awaited"]
pub struct Serve<L, S> {
    listener: L,
    service: S,
    shutdown: Pin<Box<dyn Future<Output = ()> + Send>>,
    drain_timeout: Duration,
}

impl<L, S> Serve<L, S> {
    /// Stops when `signal` is done (`SE-54`): the listener is closed at once, so that its port is
    /// free, and the sessions get the [drain timeout](Self::drain_timeout) to finish.
    pub fn with_graceful_shutdown<F>(mut self, signal: F) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.shutdown = Box::pin(signal);
        self
    }

    /// How long sessions may go on after the shutdown's signal; what is left then is aborted. 30 s
    /// unless set here; with [`Duration::MAX`] the server waits for its last session, however long
    /// that takes.
    pub fn drain_timeout(mut self, timeout: Duration) -> Self {
        self.drain_timeout = timeout;
        self
    }
}

impl<L: fmt::Debug, S> fmt::Debug for Serve<L, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Serve")
            .field("listener", &self.listener)
            .field("drain_timeout", &self.drain_timeout)
            .finish_non_exhaustive()
    }
}

impl<L, S> IntoFuture for Serve<L, S>
where
    L: Listener,
    S: Service<Incoming<L::Io>, Error: Into<BoxError>, Future: Send> + Clone + Send + 'static,
{
    type Output = io::Result<()>;
    type IntoFuture = ServeFuture;

    fn into_future(self) -> ServeFuture {
        ServeFuture(Box::pin(run(self)))
    }
}

/// A server at work ([`Serve`]).
#[must_use = "futures do nothing unless polled"]
pub struct ServeFuture(Pin<Box<dyn Future<Output = io::Result<()>> + Send>>);

impl Future for ServeFuture {
    type Output = io::Result<()>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(cx)
    }
}

impl fmt::Debug for ServeFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServeFuture").finish_non_exhaustive()
    }
}

async fn run<L, S>(serve: Serve<L, S>) -> io::Result<()>
where
    L: Listener,
    S: Service<Incoming<L::Io>, Error: Into<BoxError>, Future: Send> + Clone + Send + 'static,
{
    let Serve {
        mut listener,
        mut service,
        mut shutdown,
        drain_timeout,
    } = serve;
    let mut backoff = Backoff::default();
    let mut sessions = Sessions::new();
    listener.prepare()?;
    loop {
        tokio::select! {
            biased;
            () = &mut shutdown => break,
            incoming = accept(&mut listener, &mut service, &mut backoff) => {
                let incoming = incoming?;
                // Readiness, for example a permit, belongs to the instance that was polled; a clone
                // has none.
                let next = service.clone();
                let ready = mem::replace(&mut service, next);
                if let Some(session) = Session::begin(ready, incoming) {
                    sessions.spawn(session);
                }
            }
        }
    }
    drop((listener, service));
    drain(&sessions, drain_timeout).await;
    Ok(())
}

/// The next connection, once the service is ready for it.
///
/// # Cancel safety
///
/// All that is awaited keeps its state in what is borrowed: no connection is lost.
async fn accept<L, S>(
    listener: &mut L,
    service: &mut S,
    backoff: &mut Backoff,
) -> io::Result<Incoming<L::Io>>
where
    L: Listener,
    S: Service<Incoming<L::Io>, Error: Into<BoxError>>,
{
    loop {
        backoff.wait().await;
        poll_fn(|cx| service.poll_ready(cx))
            .await
            .map_err(io::Error::other)?;
        match poll_fn(|cx| listener.poll_accept(cx)).await {
            Ok(incoming) => {
                backoff.accepted();
                return Ok(incoming);
            }
            Err(error) => match AcceptError::of(&error) {
                AcceptError::Connection => backoff.lost(&error),
                AcceptError::Exhausted => backoff.exhausted(&error),
                AcceptError::Fatal => return Err(error),
            },
        }
        consume_budget().await;
    }
}

async fn drain(sessions: &Sessions, limit: Duration) {
    info!(sessions = sessions.len(), "draining");
    if timeout(limit, sessions.all_ended()).await.is_err() {
        info!(sessions = sessions.len(), "drain timeout");
        sessions.abort().await;
    }
}

use std::{io, net::SocketAddr, thread, time::Duration};

use axum::{Router, body::Body, extract::Request};
use hyper::{body::Incoming as RequestBody, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use metrics_exporter_prometheus::PrometheusHandle;
use socks_acl::Acl;
use socks_core::message::Endpoint;
use socks_tower::{BoxError, Incoming, Listener, Metrics, serve};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpListener,
    runtime::Builder,
    sync::{oneshot, watch},
    time::{MissedTickBehavior, interval},
};
use tokio_io_timeout::TimeoutWriter;
use tower::{ServiceBuilder, ServiceExt};
use tracing::{debug, error, warn};

use super::{config::Prepared, explain, listen::Open, metrics, router::router, state::Admin};
use crate::{listen::Sockets, pipeline::Watch};

/// Connections at once; more wait to be accepted.
const CONNECTIONS: usize = 64;
/// For the header of a request, from the end of the one before.
const HEADER: Duration = Duration::from_secs(10);
/// Octets of a header, and how many fields.
const HEADER_OCTETS: usize = 16 * 1024;
const FIELDS: usize = 64;
/// For a client that does not read what it asked for.
const WRITE: Duration = Duration::from_secs(10);
/// How often histograms are emptied into what is kept, and readings dropped.
const UPKEEP: Duration = Duration::from_secs(5);

/// The admin address, open but not answered yet.
pub struct Bound<'a> {
    settings: &'a Prepared,
    listener: Open,
    endpoint: Endpoint,
    sockets: Sockets,
    metrics: PrometheusHandle,
}

impl<'a> Bound<'a> {
    /// Opens it, and from here on what the `metrics` facade is told is collected.
    pub fn new(settings: &'a Prepared) -> Result<Self, BoxError> {
        let (listener, endpoint, sockets) = Open::bind(&settings.at)?;
        let metrics = metrics::builder()?.install_recorder()?;
        Metrics::describe();
        Ok(Self {
            settings,
            listener,
            endpoint,
            sockets,
            metrics,
        })
    }

    /// The TCP address, which clients must not reach through the server (`SE-11`).
    pub fn addr(&self) -> Option<SocketAddr> {
        self.endpoint.socket_addr()
    }

    /// Answers, in a thread of its own: a list of ten thousand sessions takes some milliseconds, which no session
    /// waits for. It goes on while the server drains, until what is returned is dropped.
    pub fn serve(
        self,
        watch: Watch,
        draining: watch::Receiver<bool>,
        rules: Option<Acl>,
    ) -> io::Result<Serving> {
        let Self {
            settings,
            listener,
            endpoint,
            sockets,
            metrics,
        } = self;
        let token = settings.token.clone();
        eprintln!("admin on {endpoint}");
        if !settings.is_local() {
            warn!(listener = %endpoint, "the admin address is reached from elsewhere, and its token crosses the network in the clear");
        }
        let admin = Admin::new(watch, metrics, token, draining, rules.map(explain::of));
        let (stop, stopped) = oneshot::channel();
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let thread = thread::Builder::new()
            .name("admin".to_owned())
            .spawn(move || {
                let end = runtime.block_on(run(listener, admin, stopped));
                if let Err(error) = end {
                    error!(%error, "the admin address is not answered any more");
                }
            })?;
        Ok(Serving {
            stop: Some(stop),
            thread: Some(thread),
            _sockets: sockets,
        })
    }
}

/// The admin address while it is answered; dropping this ends it.
pub struct Serving {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
    _sockets: Sockets,
}

impl Drop for Serving {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            error!("the admin address has panicked");
        }
    }
}

async fn run(listener: Open, admin: Admin, stopped: oneshot::Receiver<()>) -> io::Result<()> {
    let upkeep = tokio::spawn(upkeep(admin.clone()));
    let router = router(admin);
    let end = match listener {
        Open::Tcp(listener) => accept(TcpListener::from_std(listener)?, router, stopped).await,
        #[cfg(unix)]
        Open::Unix(listener) => {
            let listener = tokio::net::UnixListener::from_std(listener)?;
            accept(listener, router, stopped).await
        }
    };
    upkeep.abort();
    end
}

async fn accept<L>(listener: L, router: Router, stopped: oneshot::Receiver<()>) -> io::Result<()>
where
    L: Listener<Io: AsyncRead + AsyncWrite + Unpin>,
{
    let service = ServiceBuilder::new()
        .concurrency_limit(CONNECTIONS)
        .service_fn(move |incoming: Incoming<L::Io>| {
            let router = router.clone();
            async move {
                let peer = incoming.peer.clone();
                connection(incoming.io, peer, router).await;
                Ok::<_, BoxError>(())
            }
        });
    serve(listener, service)
        .with_graceful_shutdown(async {
            // Nothing is ever sent; the other end is dropped.
            let _ = stopped.await;
        })
        .drain_timeout(Duration::ZERO)
        .await
}

/// Answers the requests of one connection.
pub(super) async fn connection<Io>(io: Io, peer: Endpoint, router: Router)
where
    Io: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut io = TimeoutWriter::new(io);
    io.set_timeout(Some(WRITE));
    let from = peer.clone();
    let service = service_fn(move |request: Request<RequestBody>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(peer.clone());
        router.clone().oneshot(request)
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER)
        .max_buf_size(HEADER_OCTETS)
        .max_headers(FIELDS)
        .serve_connection(TokioIo::new(Box::pin(io)), service)
        .await;
    if let Err(error) = served {
        debug!(peer = %from, %error, "a connection to the admin address failed");
    }
}

async fn upkeep(admin: Admin) {
    let mut ticks = interval(UPKEEP);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        admin.exporter.run_upkeep();
        admin.sampler.tidy();
    }
}

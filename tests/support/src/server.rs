use std::{convert::Infallible, net::SocketAddr};

use socks_tower::{Incoming, SessionReport};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::mpsc,
    task::JoinHandle,
};
use tower::{Service, ServiceExt};

/// A server on a loopback port, whose session reports arrive here in the order of their ends.
/// Gone when dropped.
#[derive(Debug)]
pub struct Server {
    pub addr: SocketAddr,
    reports: mpsc::UnboundedReceiver<SessionReport>,
    serving: JoinHandle<()>,
}

impl Server {
    /// Serves on `127.0.0.1`.
    pub async fn start<S>(service: S) -> Self
    where
        S: Service<Incoming<TcpStream>, Response = SessionReport, Error = Infallible>
            + Clone
            + Send
            + 'static,
        S::Future: Send,
    {
        Self::start_claiming(service, None).await
    }

    /// Serves on `127.0.0.1`, and has each connection look as if it had come in at `local`: the
    /// safe default is stricter on a listener that is not on loopback.
    pub async fn start_claiming<S>(service: S, local: Option<SocketAddr>) -> Self
    where
        S: Service<Incoming<TcpStream>, Response = SessionReport, Error = Infallible>
            + Clone
            + Send
            + 'static,
        S::Future: Send,
    {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a loopback port");
        let addr = listener.local_addr().expect("a bound socket");
        let (sender, reports) = mpsc::unbounded_channel();
        let serving = tokio::spawn(async move {
            while let Ok((stream, peer)) = listener.accept().await {
                let incoming = match local {
                    Some(local) => Incoming::new(stream, peer, local),
                    None => Incoming::tcp(stream, peer).expect("a TCP socket"),
                };
                let (service, sender) = (service.clone(), sender.clone());
                tokio::spawn(async move {
                    let report = service.oneshot(incoming).await;
                    let _ = sender.send(report.unwrap_or_else(|never| match never {}));
                });
            }
        });
        Self {
            addr,
            reports,
            serving,
        }
    }

    /// The report of the session that ended next.
    pub async fn report(&mut self) -> SessionReport {
        self.reports
            .recv()
            .await
            .expect("the server runs for as long as it lives")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

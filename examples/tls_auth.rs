//! An authenticator as a `tower::Service`: it sees who the client is to TLS, which listener it came in
//! by, and from where.
//!
//! `tls_auth LISTEN CERTIFICATE KEY CLIENT_CA`: SOCKS inside TLS. A client with a certificate of
//! `CLIENT_CA` is the user of that certificate; one without is let in from this machine only, as
//! nobody.

use std::{
    convert::Infallible,
    error::Error,
    future::{Ready, ready},
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use sha2::{Digest, Sha256};
use socks_core::{
    Method,
    message::{AuthRequest, Authentication, Credentials, Identity},
};
use socks_tower::{
    BoxError, Incoming, ListenerExt, MapIncomingLayer, SocksService, TcpConnector, TraceLayer,
    serve,
};
use tokio::{
    net::{TcpListener, TcpStream},
    time::timeout,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        RootCertStore, ServerConfig,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
        server::WebPkiClientVerifier,
    },
    server::TlsStream,
};
use tower::{Layer, Service};

/// The verified certificate of a client, left for later phases when the connection was accepted.
struct TlsPeer {
    /// SHA-256 of the certificate, in hex.
    fingerprint: String,
}

/// Lets in whom TLS has proved, and this machine.
#[derive(Clone)]
struct ByCertificate;

impl Service<AuthRequest> for ByCertificate {
    type Response = Authentication;
    type Error = Infallible;
    type Future = Ready<Result<Authentication, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: AuthRequest) -> Self::Future {
        let AuthRequest {
            conn,
            method,
            credentials,
            ..
        } = request;
        // A SOCKS4 client asks for something, if only for a name; it is not served here.
        let asks_nothing = matches!(credentials, Credentials::None);
        ready(Ok(match conn.extensions.get::<TlsPeer>() {
            Some(peer) if asks_nothing => {
                let user = Identity::user(&*peer.fingerprint, method);
                Authentication::Accepted(match &conn.listener {
                    Some(listener) => user.group(Arc::clone(listener)),
                    None => user,
                })
            }
            None if asks_nothing && conn.peer.is_local() => {
                Authentication::Accepted(Identity::anonymous())
            }
            _ => Authentication::rejected(),
        }))
    }
}

/// Does the TLS handshake, and keeps what it says about the client.
async fn accept(
    tls: TlsAcceptor,
    incoming: Incoming<TcpStream>,
) -> Result<Incoming<TlsStream<TcpStream>>, BoxError> {
    let (io, rest) = incoming.into_parts();
    let io = timeout(Duration::from_secs(5), tls.accept(io)).await??;
    let (_, connection) = io.get_ref();
    let certificate = connection.peer_certificates().and_then(<[_]>::first);
    let peer = certificate.map(|certificate| {
        let digest = Sha256::digest(certificate);
        let fingerprint = digest.iter().map(|octet| format!("{octet:02x}")).collect();
        TlsPeer { fingerprint }
    });
    let mut incoming = rest.map_io(|()| io);
    if let Some(peer) = peer {
        incoming.extensions.insert(peer);
    }
    Ok(incoming)
}

fn tls(certificate: &str, key: &str, client_ca: &str) -> Result<TlsAcceptor, Box<dyn Error>> {
    let mut roots = RootCertStore::empty();
    for authority in CertificateDer::pem_file_iter(client_ca)? {
        roots.add(authority?)?;
    }
    let verifier = WebPkiClientVerifier::builder(roots.into()).allow_unauthenticated();
    let chain = CertificateDer::pem_file_iter(certificate)?.collect::<Result<_, _>>()?;
    let config = ServerConfig::builder()
        .with_client_cert_verifier(verifier.build()?)
        .with_single_cert(chain, PrivateKeyDer::from_pem_file(key)?)?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .init();
    let args: Vec<_> = std::env::args().skip(1).collect();
    let [listen, certificate, key, client_ca] = &args[..] else {
        return Err("LISTEN CERTIFICATE KEY CLIENT_CA".into());
    };
    let tls = tls(certificate, key, client_ca)?;
    let socks = SocksService::new(TcpConnector::new())
        .methods([Method::NO_AUTHENTICATION])
        .authenticator(ByCertificate);
    let socks = TraceLayer::new().layer(socks);
    let accept = MapIncomingLayer::new(move |incoming| accept(tls.clone(), incoming));

    let listener = TcpListener::bind(listen).await?;
    eprintln!("listening on {}", listener.local_addr()?);
    serve(listener.named("tls"), accept.layer(socks)).await?;
    Ok(())
}

//! The client's side: connections through a SOCKS proxy, over any stream.
//!
//! ```text
//! Client::socks5(stream) ─ credentials ─┬─ connect, connect_with ─▶ ClientTunnel
//! Client::socks4(stream) ─ user id ─────┼─ bind ─▶ Listening ─ accept ─▶ ClientTunnel, peer
//!                                       └─ udp_associate (SOCKS5) ─▶ UdpAssociation
//! ```
//!
//! Each step consumes the state before it, so the wrong order does not compile. The states that
//! read and write messages are those of [`socks_core::client`], which knows no IO; here they get a
//! stream and a deadline. [`SocksConnector`] puts a client into the place of a
//! [`Connector`](crate::Connector), so that servers chain.
//!
//! A whole session against a server in the same process:
//!
//! ```
//! use socks_core::{Address, message::{AccessRequest, Connect, Verdict}};
//! use socks_tower::{BoxError, Connected, Incoming, SocksService, client::Client};
//! use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex, split};
//! use tower::{ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), BoxError> {
//! // A server whose every target is an echo.
//! let connector = service_fn(|_: Connect| async {
//!     let (target, echo) = duplex(1024);
//!     let (mut reader, mut writer) = split(echo);
//!     tokio::spawn(async move { tokio::io::copy(&mut reader, &mut writer).await });
//!     Ok::<_, BoxError>(Connected::new(target, "192.0.2.1:4000".parse()?))
//! });
//! let everywhere = service_fn(|_: AccessRequest| async { Ok::<_, BoxError>(Verdict::allow()) });
//! let server = SocksService::new(connector).access(everywhere);
//! let (stream, io) = duplex(1024);
//! tokio::spawn(server.oneshot(Incoming::unnamed(io)));
//!
//! // The name goes out as a name, and the server resolves it.
//! let destination = Address::domain("example.com", 80)?;
//! let mut tunnel = Client::socks5(stream).connect(destination).await?;
//! tunnel.write_all(b"hello").await?;
//! let mut heard = [0; 5];
//! tunnel.read_exact(&mut heard).await?;
//! assert_eq!(&heard, b"hello");
//! # Ok(())
//! # }
//! ```
//!
//! What fails, fails with a [`ClientError`], whose [`kind`](ClientError::kind) tells a proxy that
//! refused from a target that could not be reached and from a connection that broke:
//!
//! ```
//! use socks_tower::client::{Client, ClientErrorKind};
//! use socks_core::ReplyCode;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let stream = tokio_test::io::Builder::new()
//!     .write(b"\x05\x01\x00").read(b"\x05\x00")
//!     .write(b"\x05\x01\x00\x01\xc0\x00\x02\x01\x00\x50").read(b"\x05\x05\x00\x01\0\0\0\0\0\0")
//!     .build();
//! let destination: std::net::SocketAddr = "192.0.2.1:80".parse().unwrap();
//! let error = Client::socks5(stream).connect(destination).await.unwrap_err();
//! assert_eq!(error.kind(), ClientErrorKind::Target);
//! assert_eq!(error.reply_code(), Some(ReplyCode::CONNECTION_REFUSED));
//! assert_eq!(std::io::Error::from(error).kind(), std::io::ErrorKind::ConnectionRefused);
//! # }
//! ```
//!
//! A request consumes the client, so there is no second one (RFC 1928 §4):
//!
//! ```compile_fail,E0382
//! # async fn twice(stream: tokio::net::TcpStream, to: std::net::SocketAddr) {
//! let client = socks_tower::client::Client::socks5(stream);
//! let tunnel = client.connect(to).await;
//! let listening = client.bind(to).await;
//! # }
//! ```
//!
//! # Cancel safety
//!
//! The futures of a handshake own the connection: dropping one closes it, and nothing is left
//! half done. [`ClientTunnel`] is a stream like the one below it.
//! [`UdpAssociation::recv_from`] may be dropped and called again without losing a datagram.

mod connector;
mod dial;
mod error;
mod listening;
mod request;
mod socks4;
mod socks5;
mod tunnel;
mod udp;
mod wire;

pub use self::{
    connector::{SocksConnectFuture, SocksConnector},
    dial::Client,
    error::{ClientError, ClientErrorKind},
    listening::Listening,
    socks4::Socks4Client,
    socks5::Socks5Client,
    tunnel::{ClientTunnel, TunnelParts},
    udp::{UdpAssociation, UdpSender},
};

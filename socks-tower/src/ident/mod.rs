//! Who owns the client's connection, as its own host says: a server asks by RFC 1413.
//!
//! [`IdentLayer`] goes around the authenticator. It asks about clients that the authenticator lets
//! in, puts the answer into [`Identity::ident`] and, where the policy requires it, rejects clients
//! whose host does not answer or names another user than their SOCKS4 request. Around the whole
//! service as well, it asks as soon as a connection is accepted, while the client is still talking:
//!
//! ```no_run
//! use socks_tower::{
//!     Authenticator, IdentLayer, IdentPolicy, SocksService, TcpConnector, TraceLayer, serve,
//! };
//! use tokio::net::TcpListener;
//! use tower::ServiceBuilder;
//! use tower_layer::Layer;
//!
//! # async fn run(users: impl Authenticator) -> std::io::Result<()> {
//! let ident = IdentLayer::new().policy(|peer| match peer.ip() {
//!     Some(ip) if ip.is_loopback() => IdentPolicy::Skip,
//!     _ => IdentPolicy::Required,
//! });
//! let socks = SocksService::new(TcpConnector::new()).authenticator(ident.layer(users));
//! let socks = ServiceBuilder::new().layer(TraceLayer::new()).layer(ident).service(socks);
//! serve(TcpListener::bind("[::]:1080").await?, socks).await
//! # }
//! ```
//!
//! | | [`Optional`](IdentPolicy::Optional) | [`Required`](IdentPolicy::Required) |
//! |---|---|---|
//! | the host names the user of the SOCKS4 request | hint | hint |
//! | it names another user | hint | SOCKS4 `5D` |
//! | it names a user, SOCKS5 | hint | hint |
//! | its identifier is not a user name (system `OTHER`) | hint | `5D`, unless [`accept_other`](IdentLayer::accept_other) |
//! | it answers an error, nothing, or not in time; it was not asked | no hint | SOCKS4 `5C` |
//!
//! A SOCKS5 client that is rejected sees what it sees after a wrong password: its method's failure,
//! or `FF` instead of method 00.
//!
//! Around the service every connection takes one of the layer's
//! [lookups](IdentLayer::max_lookups) before anybody has logged in, so with many hosts that do not
//! answer a stranger can keep the lookups of others waiting, and where ident is required keep them
//! out. Around the authenticator alone only clients that it lets in take one. A layer that replaces
//! addresses, such as one that reads a PROXY header, goes outside of this one, or hosts are asked in
//! vain.
//!
//! The answer is as honest as the client's host (`ID-24`): a hint for logs, and a reason to allow
//! more only for hosts that the administrator trusts. Nobody is asked but the address of the
//! accepted socket, from the address that it was accepted at (`ID-2`, `ID-27`), and only if nothing
//! else supplied either of them ([`ConnInfo::direct`](socks_core::message::ConnInfo::direct),
//! `ID-3`). Answers are not kept for other connections, since a pair of ports changes its owner
//! (`ID-23`).
//!
//! [`Identity::ident`]: field@socks_core::message::Identity::ident

mod error;
mod future;
mod layer;
mod lookup;
mod policy;
mod service;
mod settings;
mod slots;
mod started;
#[cfg(test)]
mod tests;

pub use self::{
    future::{IdentAcceptFuture, IdentFuture},
    layer::IdentLayer,
    policy::IdentPolicy,
    service::Ident,
};

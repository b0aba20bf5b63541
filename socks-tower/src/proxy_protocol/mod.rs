//! PROXY headers: who the client is, as a load balancer in front of the server tells (HAProxy's PROXY
//! protocol, versions 1 and 2).
//!
//! ```
//! use socks_core::message::Endpoint;
//! use socks_tower::{ProxyProtocolLayer, SocksService, TcpConnector};
//! use tower_layer::Layer;
//!
//! # fn main_() {
//! let balancer = "192.0.2.10".parse().ok();
//! let layer = ProxyProtocolLayer::new(move |peer: &Endpoint, _| peer.ip() == balancer);
//! let socks = layer.layer(SocksService::new(TcpConnector::new()));
//! # }
//! ```
//!
//! Whom the closure names must begin with a header, everybody else must not: a client cannot lend
//! itself an address (`SE-63`). The header's addresses take the place of the connection's for
//! everything behind this layer: rules, limits, logs, and the listener that must not be reached through
//! the server. So put it outside of the layers that look at clients.
//!
//! | the header says | what follows |
//! |---|---|
//! | TCP over IPv4 or IPv6 | [`Incoming::peer`](crate::Incoming) and `local` are its source and destination; a `TlsPeer` of the balancer's own connection is gone |
//! | `LOCAL` (version 2) | they stay: the balancer speaks for itself, such as to see whether the server is up |
//! | TLS (version 2) | a [`TlsPeer`](socks_core::message::TlsPeer) is attached, with the server name and, if it was verified, the common name of the client's certificate |
//! | anything else, such as `UNKNOWN`, which is for a client that has no name; or nothing within 5 seconds | the connection is closed without a word, and reported |
//!
//! A header of version 2 may have 4096 octets. Its checksum is not looked at.
//!
//! Nothing behind the header is read, so early data and splicing are as without it; a header of
//! version 1 is read octet by octet for that, since it does not say how long it is. What the header
//! names is not this machine's address: a [`UdpRelay`](crate::UdpRelay) needs
//! [`bind`](crate::UdpRelay::bind), and [`SafeDefault`](socks_acl::SafeDefault) needs its
//! [`own_listeners`](socks_acl::SafeDefault::own_listeners).

mod future;
mod header;
mod layer;
mod service;
#[cfg(test)]
mod tests;

pub use self::{future::ProxyProtocolFuture, layer::ProxyProtocolLayer, service::ProxyProtocol};

//! Work on an accepted connection before its first octet is read: a TLS handshake, a PROXY header,
//! a look at the peer.
//!
//! ```
//! use socks_tower::{Incoming, MapIncomingLayer};
//! use tokio::net::TcpStream;
//!
//! # fn main_() {
//! let banned = "192.0.2.7".parse().ok();
//! let layer = MapIncomingLayer::new(move |incoming: Incoming<TcpStream>| async move {
//!     match incoming.peer.ip() == banned {
//!         true => Err("banned"),
//!         false => Ok(incoming),
//!     }
//! });
//! # }
//! ```
//!
//! A connection that the closure fails is dropped, without SOCKS output (`SE-19`). What it
//! takes counts against the deadlines of the handshake, but nothing ends it while it runs: give it a
//! deadline of its own.

mod future;
mod layer;
mod service;
#[cfg(test)]
mod tests;

pub use self::{future::MapIncomingFuture, layer::MapIncomingLayer, service::MapIncoming};

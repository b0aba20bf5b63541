//! Asks whether a client may connect at all, before it has said anything (`SE-1`).
//!
//! ```
//! use std::convert::Infallible;
//!
//! use socks_core::message::{AcceptRequest, Verdict};
//! use socks_tower::{AdmissionLayer, SocksService, TcpConnector};
//! use tower::service_fn;
//! use tower_layer::Layer;
//!
//! # fn main_() {
//! let local_only = service_fn(|request: AcceptRequest| async move {
//!     Ok::<_, Infallible>(match request.peer.is_local() {
//!         true => Verdict::allow(),
//!         false => Verdict::deny(),
//!     })
//! });
//! let socks = SocksService::new(TcpConnector::new());
//! let service = AdmissionLayer::new(local_only).layer(socks);
//! # }
//! ```
//!
//! The question is any `tower::Service` from an [`AcceptRequest`](socks_core::message::AcceptRequest) to a
//! [`Verdict`](socks_core::message::Verdict), which may take its time: nothing is read meanwhile, what it takes
//! counts against the deadlines of the handshake, and [`deadline`](AdmissionLayer::deadline) ends it.
//!
//! - Of an allowing verdict's permit the guard is held until the session is over, the extensions are put into
//!   [`Incoming::extensions`](crate::Incoming::extensions), where every phase sees them, and so are the terms, as
//!   [`AdmittedBy`]. They are the report's too, unless a rule about the request comes after.
//! - A denied client is closed without a word (`SE-19`), and nothing is asked, looked up or dialled for it
//!   (`SE-18`). The report has [`NotAdmitted`](crate::SessionEnd::NotAdmitted), with the denial's terms and limit.
//! - So is one about whom the answer failed or came too late, with
//!   [`Admission`](crate::SessionEnd::Admission).
//!
//! Where it stands decides what it knows: behind a layer that reads a PROXY header it judges the client that the
//! header names (`SE-63`), behind one that accepts TLS it has a
//! [`TlsPeer`](socks_core::message::TlsPeer).

mod future;
mod layer;
mod service;
#[cfg(test)]
mod tests;

pub use self::{
    future::AdmissionFuture,
    layer::AdmissionLayer,
    service::{Admission, AdmittedBy},
};

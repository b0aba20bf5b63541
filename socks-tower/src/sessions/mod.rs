//! The sessions under way: who they are, where to, how fast, and an end for any of them.
//!
//! ```
//! use socks_tower::{Sessions, SocksService, TcpConnector, sessions::EndReason};
//! use tower_layer::Layer;
//!
//! let sessions = Sessions::new();
//! let socks = sessions.layer().layer(SocksService::new(TcpConnector::new()));
//! # let _ = socks;
//! // Somewhere else, at any time:
//! for live in sessions.list() {
//!     let now = live.snapshot();
//!     println!("{} {} {:?} {}", live.id(), now.peer, now.destination, now.traffic.sent());
//! }
//! let ended = sessions.end_user(b"mallory", EndReason::Administrator);
//! # assert_eq!(ended, 0);
//! ```
//!
//! **Around what.** A session ends where [`SessionsLayer`] stands: the future inside is dropped,
//! which resets a tunnel that is open and may cut a reply short, and
//! [`SessionEnd::Ended`](crate::SessionEnd::Ended) comes out of the layer. So it belongs right
//! around [`SocksService`](crate::SocksService), and layers that keep records around it.
//!
//! **What is known of a session** is in its [`Live`], which the session's service fills: peer and
//! listener at once, the version with the first octet, the user with the login, the rest from the
//! request on. It is made by the first layer that asks for it
//! ([`Incoming::live`](crate::Incoming::live)); where no layer does, a session costs nothing more.
//! With it a session holds less than a KiB in addition.
//!
//! **Rates** are what a [`Meter`] makes of two readings, one for each page that shows them.
//!
//! **After a change of the rules** [`Sessions::judge_again`] asks about each session whether it may
//! go on. Each datagram of a UDP association is judged by its permit's filter anyway; asked again,
//! it ends as a whole.

mod end_reason;
mod future;
mod judgement;
mod layer;
mod live;
mod meter;
mod registry;
mod service;
mod snapshot;
#[cfg(test)]
mod tests;

pub use self::{
    end_reason::EndReason,
    future::SessionsFuture,
    judgement::{Drain, Judged, Judgement},
    layer::SessionsLayer,
    live::Live,
    meter::{Measured, Meter, Rate},
    registry::Sessions,
    service::WithSessions,
    snapshot::{Octets, Snapshot},
};

//! UDP ASSOCIATE: [`UdpRelay`], and what an application may choose about it.
//!
//! ```
//! use std::time::Duration;
//! use socks_tower::{SocksService, TcpConnector, udp::{ReplyPolicy, UdpRelay}};
//!
//! let udp = UdpRelay::new()
//!     .ports(40_000..=40_999)
//!     .replies(ReplyPolicy::AddressAndPortRestricted)
//!     .idle_timeout(Duration::from_secs(600))
//!     .datagrams_per_second(10_000);
//! let socks = SocksService::new(TcpConnector::new()).udp_relayer(udp);
//! # let _ = socks;
//! ```
//!
//! An association is one future, [`Association::relay`](crate::Association), that the session
//! polls: no task and no timer of its own beyond one, and no buffer while it is idle. The
//! decisions about datagrams are made without IO and without a clock; `flow.rs` holds what they need:
//!
//! | of a datagram from the client | file |
//! |---|---|
//! | does it come from the client (`UD-16`) | `client.rs` |
//! | protection, header, fragments (`UD-19`, `UD-20`…`UD-27`) | `to_target.rs`, `fragments.rs` |
//! | may the name be looked up (`UD-28`, `SE-41`) | `targets.rs` |
//! | what does it resolve to (`UD-32`) | `names.rs` |
//! | may it go there, is there room for a target (`UD-28`, `SE-28`) | `targets.rs` |
//! | what the application says | `filter.rs` |
//!
//! | of a datagram from outside | file |
//! |---|---|
//! | has the client written there (`UD-33`) | `targets.rs` |
//! | what the application says (`UD-34`) | `filter.rs` |
//! | the header (`UD-17`, `UD-18`) | `to_client.rs` |
//!
//! Around them, `running.rs` takes what a socket has in one call, and what was decided is sent
//! together at the end of that batch (`batch/`, `outlet.rs`); only then it is known what became of
//! each datagram, and counted (`settled.rs`).
//!
//! What is dropped is dropped without a word (`UD-15`), counted by [`DropReason`] in
//! [`UdpCounters`], and never ends the association.

mod advertise;
mod batch;
mod bucket;
mod client;
mod counters;
mod error;
mod filter;
mod flow;
mod fragments;
#[cfg(fuzzing)]
#[allow(missing_debug_implementations, reason = "a test, not the library")]
mod fuzzing;
mod names;
mod outlet;
mod place;
mod policy;
mod port;
mod relay;
mod running;
mod settings;
mod settled;
mod socket;
mod sockets;
mod targets;
#[cfg(test)]
mod tests;
mod to_client;
mod to_target;

#[cfg(fuzzing)]
pub use self::fuzzing::RelayPath;
pub use self::{
    advertise::AdvertiseRelay,
    counters::{DropReason, UdpCounters},
    error::{UdpRelayError, UdpRelayErrorKind},
    filter::{Datagram, DatagramFilter, DatagramVerdict, Direction, MakeDatagramFilter},
    policy::{ClientPin, ReplyPolicy},
    relay::UdpRelay,
};

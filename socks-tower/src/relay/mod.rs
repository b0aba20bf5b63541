//! Moves octets between the client and its target once the handshake is over.
//!
//! A relay is a `tower::Service<Tunnel<C, T>, Response = RelayEnd>`, so layers go around it.
//! [`AdaptiveRelay`] is the default.

mod adaptive;
mod direction;
pub(crate) mod scratch;
#[cfg(test)]
mod tests;
mod tunnel;

pub use self::{
    adaptive::{AdaptiveRelay, AdaptiveRelayFuture},
    tunnel::{Relay, RelayEnd, Tunnel},
};

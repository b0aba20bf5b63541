//! Moves octets between the client and its target once the handshake is over.
//!
//! A relay is a `tower::Service<Tunnel<C, T>, Response = RelayEnd>`, so layers go around it.
//! [`AdaptiveRelay`] is the default.

mod adaptive;
mod cut;
mod direction;
mod future;
mod held;
mod metering;
mod pace;
#[cfg_attr(
    not(any(target_os = "linux", target_os = "android")),
    path = "no_pipe.rs"
)]
mod pipe;
pub(crate) mod scratch;
mod splicing;
#[cfg(test)]
pub(crate) mod tests;
mod tunnel;

pub use self::{
    adaptive::AdaptiveRelay,
    cut::Cut,
    future::AdaptiveRelayFuture,
    tunnel::{Relay, RelayEnd, Tunnel},
};

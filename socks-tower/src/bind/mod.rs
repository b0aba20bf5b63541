//! BIND by TCP: [`TcpBinder`].
//!
//! `expected.rs` says who may come, `place.rs` on which of the server's addresses to listen for
//! them, `ports.rs` on which port; `listen.rs` opens the socket and `accept.rs` waits. `limit.rs`
//! counts listeners, `advertise.rs` translates addresses behind NAT.

mod accept;
mod advertise;
mod binder;
mod error;
mod expected;
mod limit;
mod listen;
mod place;
mod ports;
mod strangers;

pub use self::{
    advertise::Advertise,
    binder::{TcpBindFuture, TcpBinder},
    error::{BindError, BindErrorKind},
    strangers::Strangers,
};

#[cfg(test)]
mod tests;

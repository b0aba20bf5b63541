//! [`SocksService`]: one connection in, one [`SessionReport`](crate::SessionReport) out.
//!
//! The driver in here is the only one that touches the client's stream. It turns octets into
//! messages with `socks-core`, asks the phases, and moves what `socks-core` has to say back.

mod associate;
mod bind;
mod blocking;
mod connect;
mod deadlines;
mod driver;
mod future;
mod handshake;
mod negotiate;
mod phases;
mod socks_service;
#[cfg(test)]
mod tests;
mod wire;

pub(crate) use self::blocking::Slots;
pub use self::{
    deadlines::Deadlines, future::SocksFuture, negotiate::MakeSubnegotiation,
    socks_service::SocksService,
};

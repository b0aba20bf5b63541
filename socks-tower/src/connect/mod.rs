//! CONNECT by TCP: [`TcpConnector`].
//!
//! Resolving, checking and dialling are one step (`SE-12`): `establish.rs` asks the permit about
//! the name and each address, `race.rs` lets the permitted ones race (RFC 8305), `dial.rs` opens one socket to
//! exactly one address.

mod connector;
mod dial;
mod error;
mod establish;
mod race;

pub(crate) use self::dial::{set_route, tune};
pub use self::{
    connector::{TcpConnectFuture, TcpConnector},
    error::{ConnectError, ConnectErrorKind},
};

#[cfg(test)]
mod tests;

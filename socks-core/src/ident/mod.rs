//! Identification messages (RFC 1413), by which a SOCKS4 server asks the client's host who owns a
//! connection.
//!
//! | message | direction | file |
//! |---|---|---|
//! | [`Query`] | SOCKS server → ident server on the client's host | `query.rs` |
//! | [`Response`] | back | `response.rs` |
//!
//! Both begin with a [`PortPair`]. What comes back is [an identity](Identity) or an
//! [`ErrorToken`], and either way a hint that is only as honest as the host that gave it (`ID-24`).
//! A response that does not decode counts as [`ErrorToken::UnknownError`] (`ID-14`).

mod error_token;
mod identity;
mod line;
mod port_pair;
mod query;
mod response;
#[cfg(test)]
mod tests;
mod token;

pub use self::{
    error_token::{ErrorToken, PrivateToken},
    identity::Identity,
    port_pair::PortPair,
    query::Query,
    response::Response,
    token::Token,
};

/// TCP port of ident servers (`ID-2`).
pub const PORT: u16 = 113;

/// Octets that may arrive without an end of line before the reader gives up (`ID-16`).
pub const MAX_LINE: usize = 1000;

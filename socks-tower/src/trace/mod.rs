//! One [`tracing`] span a session.
//!
//! ```
//! use socks_tower::{SocksService, TraceLayer};
//! use tower_layer::Layer;
//!
//! # fn main_() {
//! let socks = TraceLayer::new().layer(SocksService::new(socks_tower::TcpConnector::new()));
//! # }
//! ```
//!
//! The span `session` carries `id`, `peer` and `listener` from the start; when the session ends,
//! one event at level `INFO` carries what [`SessionReport`](crate::SessionReport) knows:
//!
//! | field | content |
//! |---|---|
//! | `version` | `socks4` or `socks5` |
//! | `user` | the authenticated user, escaped |
//! | `claimed` | the name that a client without a login gave itself, escaped |
//! | `ident` | who the client's host says it is, untrusted, escaped |
//! | `command` | `connect`, `bind`, `udp associate` |
//! | `destination` | what the client asked for, escaped |
//! | `remote` | the address that was dialled |
//! | `rule`, `limit` | the rule that allowed or refused it, the limit that was reached |
//! | `sent`, `received` | octets of payload from and to the client |
//! | `milliseconds` | from the accepted connection to the end |
//! | `end` | how it ended, see [`SessionEnd::name`](crate::SessionEnd::name); `aborted` if it was cut off |
//! | `reason` | why it was ended from outside or cut, if it was |
//! | `code` | what the client was told, if it was refused |
//! | `error` | what failed, with its sources |
//!
//! Passwords are in none of them (`SE-34`), and what peers chose is escaped (`SE-38`).

mod future;
mod layer;
mod service;
#[cfg(test)]
mod tests;

pub use self::{future::TraceFuture, layer::TraceLayer, service::Trace};

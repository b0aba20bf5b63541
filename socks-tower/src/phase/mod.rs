//! The phases of a session, each an alias for a tower service.
//!
//! | phase | message | answer | file |
//! |---|---|---|---|
//! | [`Authenticator`] | `AuthRequest` | `Authentication` | `authenticator.rs` |
//! | [`AccessController`] | `AccessRequest` | `Verdict` | `access.rs` |
//! | [`Connector`] | `Connect` | [`Connected`] | `connector.rs` |
//! | [`Binder`] | `Bind` | [`Bound`] | `binder.rs` |
//! | [`UdpRelayer`] | `Associate` | [`Association`] | `udp_relayer.rs` |
//! | [`Resolver`] | [`Name`] | [`Addrs`] | `resolver.rs` |

mod access;
mod authenticator;
mod binder;
mod connector;
mod resolver;
mod udp_relayer;

pub use self::{
    access::AccessController,
    authenticator::Authenticator,
    binder::{Accepted, Binder, Bound},
    connector::{Connected, Connector},
    resolver::{Addrs, Name, Resolver},
    udp_relayer::{Association, UdpRelayer},
};

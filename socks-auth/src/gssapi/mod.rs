//! GSSAPI by the system's Kerberos library, for servers and clients (RFC 1961, feature `gssapi`).
//!
//! The exchange itself is [`socks_core::subnegotiation::Gssapi`] and
//! [`socks_core::client::Gssapi`]; here are their mechanisms, over MIT's `libgssapi_krb5`
//! (Debian: `libkrb5-dev` and `libclang-dev` to build). Kerberos is the only mechanism.
//!
//! A server has a [`Keytab`], and a mapping of principals to users:
//!
//! ```no_run
//! use socks_auth::{Principals, gssapi::Keytab};
//! use socks_core::{Method, gssapi::Levels};
//!
//! # fn main() -> Result<(), socks_auth::gssapi::GssapiError> {
//! let acceptor = Keytab::new("/etc/socks.keytab").service("rcmd").open()?;
//! let method = (Method::GSSAPI, move || acceptor.subnegotiation().levels(Levels::CONFIDENTIALITY));
//! let principals = Principals::new().realm("EXAMPLE.ORG").strip_realm(true);
//! // SocksService::new(..).method(method).authenticator(principals)
//! # let _ = (method, principals);
//! # Ok(())
//! # }
//! ```
//!
//! Whether frames that are missing or out of their order are noticed on a connection is the client's
//! to ask for, by sequencing (`GS-5`). The server takes clients that do not; repeated frames are then
//! still noticed if replay detection was asked for, and changed ones always.
//!
//! A client has an [`Initiator`]:
//!
//! ```no_run
//! use socks_auth::gssapi::Initiator;
//!
//! let method = Initiator::new("rcmd", "proxy.example.org").subnegotiation();
//! // Client::dial_socks5(..).await?.method(method)
//! # let _ = method;
//! ```
//!
//! Why a call of the library failed is an event of `tracing` at the level `debug`, in the words of
//! the library.

mod acceptor;
mod context;
mod error;
mod ffi;
mod initiator;

pub use self::{
    acceptor::{Acceptor, Keytab},
    error::GssapiError,
    initiator::Initiator,
};

/// How the library is told of a file: by a type and a path.
fn located(kind: &str, path: &std::path::Path) -> Result<String, GssapiError> {
    let path = path.to_str();
    let path = path.ok_or_else(|| GssapiError::invalid("a path that is not UTF-8"))?;
    Ok(format!("{kind}:{path}"))
}

//! Username/password messages (RFC 1929, method 02).

mod request;
mod response;

pub use self::{request::Request, response::Response};

/// VER of the sub-negotiation, which is not the version of SOCKS (`UP-3`).
pub const VERSION: u8 = 0x01;

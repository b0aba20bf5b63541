//! SOCKS5 messages (RFC 1928).
//!
//! | message | direction | file |
//! |---|---|---|
//! | [`Greeting`] | client → server | `greeting.rs` |
//! | [`MethodSelection`] | server → client | `method_selection.rs` |
//! | [`Request`] | client → server | `request.rs` |
//! | [`Reply`] | server → client | `reply.rs` |
//! | [`UdpHeader`] | both, on datagrams | `udp_header.rs` |

mod address;
mod greeting;
mod method_selection;
mod reply;
mod request;
mod udp_header;

pub use self::{
    greeting::Greeting,
    method_selection::MethodSelection,
    reply::{Reply, ReplyPrefix},
    request::Request,
    udp_header::UdpHeader,
};

/// VER of every SOCKS5 message but the sub-negotiations'.
pub const VERSION: u8 = 0x05;

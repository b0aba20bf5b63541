//! SOCKS4 and SOCKS4A messages (Ying-Da Lee's memos).
//!
//! | message | direction | file |
//! |---|---|---|
//! | [`Request`] | client → server | `request.rs` |
//! | [`Reply`] | server → client | `reply.rs` |

mod reply;
mod reply_code;
mod request;

pub use self::{reply::Reply, reply_code::ReplyCode, request::Request};

/// VN of a request. A reply carries zero.
pub const VERSION: u8 = 0x04;

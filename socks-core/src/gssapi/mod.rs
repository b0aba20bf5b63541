//! GSSAPI messages (RFC 1961, method 01).
//!
//! Method 01 frames everything alike: VER, MTYP, LEN, TOKEN. [`Message`] is one frame,
//! [`Token`] its opaque content, and [`ProtectionLevel`] what the frames of type 02 agree on.
//! Wrapping and unwrapping is the security mechanism's and not done here: a mechanism comes in by
//! [`Establish`] and [`SecurityContext`], and the exchanges over it are
//! [`subnegotiation::Gssapi`](crate::subnegotiation::Gssapi) for a server and
//! [`client::Gssapi`](crate::client::Gssapi) for a client.
//!
//! | message | direction | MTYP |
//! |---|---|---|
//! | [`Message::Context`] | both, until the context stands | 01 |
//! | [`Message::ProtectionLevel`] | client → server, then the answer | 02 |
//! | [`Message::Data`] | both, on TCP and UDP | 03 |
//! | [`Message::Abort`] | server → client | FF |

mod context;
mod error;
mod levels;
mod message;
mod message_type;
mod protection;
mod protection_level;
#[cfg(test)]
mod tests;
mod token;

pub(crate) use self::protection::protect;
pub use self::{
    context::{Establish, Establishment, SecurityContext, Sequence, Services, Unwrapped},
    error::MechanismError,
    levels::Levels,
    message::Message,
    message_type::MessageType,
    protection_level::ProtectionLevel,
    token::Token,
};

/// VER of every frame. 02 belongs to a draft that never became an RFC (`GS-3`).
pub const VERSION: u8 = 0x01;

/// Most tokens that one side sends to establish a context (`GS-11`).
pub const MAX_ROUNDS: usize = 16;

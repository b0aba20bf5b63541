//! GSSAPI messages (RFC 1961, method 01).
//!
//! Method 01 frames everything alike: VER, MTYP, LEN, TOKEN. [`Message`] is one frame,
//! [`Token`] its opaque content, and [`ProtectionLevel`] what the frames of type 02 agree on.
//! Wrapping and unwrapping is the security mechanism's and not done here.
//!
//! | message | direction | MTYP |
//! |---|---|---|
//! | [`Message::Context`] | both, until the context stands | 01 |
//! | [`Message::ProtectionLevel`] | client → server, then the answer | 02 |
//! | [`Message::Data`] | both, on TCP and UDP | 03 |
//! | [`Message::Abort`] | server → client | FF |

mod message;
mod message_type;
mod protection_level;
#[cfg(test)]
mod tests;
mod token;

pub use self::{
    message::Message, message_type::MessageType, protection_level::ProtectionLevel, token::Token,
};

/// VER of every frame. 02 belongs to a draft that never became an RFC (`GS-3`).
pub const VERSION: u8 = 0x01;

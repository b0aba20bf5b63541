//! The message of CHAP and CRAM (draft-ietf-aft-socks-chap, method 03, and
//! draft-ietf-aft-socks-cram, method 05).
//!
//! Both methods exchange one kind of message in both directions: VER, NAVAS, and that many
//! assertions of ATTRIBUTE, LENGTH, VALUE. [`Message`] is the whole, [`Assertion`] one entry,
//! [`Attribute`] and [`Algorithm`] are the drafts' registries, [`Status`] judges how it ended.
//! Which attribute belongs into which step, and the computation of a response, are the exchange's.

mod algorithm;
mod assertion;
mod attribute;
mod message;
mod status;
#[cfg(test)]
mod tests;

pub use self::{
    algorithm::Algorithm,
    assertion::{Assertion, Assertions},
    attribute::Attribute,
    message::Message,
    status::Status,
};

/// VER of every message (`CH-3`).
pub const VERSION: u8 = 0x01;

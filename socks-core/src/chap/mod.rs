//! The message of CHAP and CRAM (draft-ietf-aft-socks-chap, method 03, and
//! draft-ietf-aft-socks-cram, method 05).
//!
//! Both methods exchange one kind of message in both directions: VER, NAVAS, and that many
//! assertions of ATTRIBUTE, LENGTH, VALUE. [`Message`] is the whole, [`Assertion`] one entry,
//! [`Attribute`] and [`Algorithm`] are the drafts' registries, [`Status`] judges how it ended.
//!
//! The exchange of method 03 is [`subnegotiation::Chap`](crate::subnegotiation::Chap) for a server
//! and [`client::Chap`](crate::client::Chap) for a client:
//!
//! ```text
//! client                                   server
//! ALGORITHMS                           →
//!                                      ←   ALGORITHMS (one), CHALLENGE
//! USER-IDENTITY, RESPONSE [CHALLENGE]  →
//!                                      ←   STATUS [RESPONSE]
//! [STATUS]                             →
//! ```
//!
//! What stands in brackets is mutual authentication. A response is computed over a [`Challenge`],
//! for a server by its authenticator and for a client by a [`Prover`].

mod algorithm;
mod assertion;
mod attribute;
mod challenge;
mod message;
mod prover;
mod status;
#[cfg(test)]
mod tests;

pub use self::{
    algorithm::Algorithm,
    assertion::{Assertion, Assertions},
    attribute::Attribute,
    challenge::{Challenge, MutualResponse},
    message::Message,
    prover::Prover,
    status::Status,
};

/// VER of every message (`CH-3`).
pub const VERSION: u8 = 0x01;

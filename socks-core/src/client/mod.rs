//! The client's side of a handshake, as typed states.
//!
//! ```text
//! Socks5 ── greet ─▶ Greeted ─▶ Negotiating ─▶ Authenticated ── request ─▶ AwaitingReply ─▶ Granted
//! socks4(request) ────────────────────────────────────────────────────────▶ AwaitingReply ─▶ Granted
//!                                                               BIND: Granted ── await_peer ─▶ AwaitingReply
//! ```
//!
//! As on the [`server`](crate::server) side, a state is consumed by the step that leaves it, input
//! is a slice that moves past what was consumed, and output is a buffer to send. What is left of
//! the input behind the reply is payload and belongs to the caller (`R5-53`).
//!
//! ```
//! use socks_core::{client::Socks5, Address, Command, Progress};
//!
//! let mut output = Vec::new();
//! let greeted = Socks5::new().greet(&mut output);
//! assert_eq!(output, b"\x05\x01\x00");
//!
//! // The server's answers, with a first payload behind them.
//! let mut input: &[u8] = b"\x05\x00";
//! let negotiating = greeted.receive(&mut input)?.next().expect("a whole selection");
//! let authenticated = negotiating.step(&mut input, &mut output)?.done().expect("method 00 needs nothing");
//!
//! let destination = Address::domain("example.com", 80).expect("1 to 255 octets");
//! let awaiting = authenticated.request(Command::Connect, destination, &mut output);
//! let mut input: &[u8] = b"\x05\x00\x00\x01\xc0\x00\x02\x01\xc0\x00hello";
//! let granted = awaiting.receive(&mut input)?.next().expect("a whole reply");
//! assert_eq!(granted.bound().to_string(), "192.0.2.1:49152");
//! assert_eq!(input, b"hello");
//! # Ok::<(), socks_core::client::ClientError>(())
//! ```

mod chap;
mod error;
mod greeted;
mod gssapi;
mod reply;
mod socks5;
mod subnegotiation;
#[cfg(test)]
mod tests;

pub use self::{
    chap::Chap,
    error::ClientError,
    greeted::{Authenticated, Blocking, Greeted, Negotiating, Negotiation},
    gssapi::Gssapi,
    reply::{AwaitingReply, Granted, socks4},
    socks5::Socks5,
    subnegotiation::{Step, Subnegotiation, UsernamePassword},
};

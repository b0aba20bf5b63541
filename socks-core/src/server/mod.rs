//! The server's side of a handshake, as typed states.
//!
//! ```text
//!                      ┌─ SOCKS4 ──────────────────────────────────────────────┐
//! Handshake ── receive ┤                                                       ▼
//!                      └─ SOCKS5 ─▶ Offered ── select ─▶ Negotiating ─▶ AwaitingRequest ── receive ─▶ Requested
//!                                     └─ select_none                                                   │
//!                                                    refuse · reject · succeed · listening ─▶ AwaitingPeer
//! ```
//!
//! Each state is consumed by the step that leaves it, so the wrong order does not compile, and a
//! state can wait for as long as a decision takes. Input is a slice that a step moves past what it
//! consumed; output is a buffer that it appends to. **Whatever a step appended is to be sent, also
//! when it failed**: then it holds the last words before the close.
//!
//! ```
//! use socks_core::{server::{Handshake, Opening}, Method, Progress, ReplyCode};
//!
//! // Greeting, request and the first payload in one segment.
//! let mut input: &[u8] = b"\x05\x01\x00\x05\x01\x00\x01\xc0\x00\x02\x01\x00\x50GET /";
//! let mut output = Vec::new();
//!
//! let Ok(Progress::Next(Opening::Socks5(offered))) = Handshake::new().receive(&mut input, &mut output) else {
//!     panic!("a whole greeting is there");
//! };
//! let awaiting = offered.no_authentication(&mut output).expect("the client offers 00");
//! let Ok(Progress::Next(requested)) = awaiting.receive(&mut input, &mut output) else {
//!     panic!("a whole request is there");
//! };
//! assert_eq!(requested.destination().to_string(), "192.0.2.1:80");
//! assert_eq!(input, b"GET /");
//! requested.refuse(ReplyCode::CONNECTION_REFUSED, &mut output);
//! assert_eq!(output, b"\x05\x00\x05\x05\x00\x01\0\0\0\0\0\0");
//! ```

mod awaiting_request;
mod error;
mod handshake;
mod negotiating;
mod offered;
mod reply;
mod requested;
#[cfg(test)]
mod tests;

pub use self::{
    awaiting_request::AwaitingRequest,
    error::HandshakeError,
    handshake::{Handshake, Opening},
    negotiating::{Blocking, Negotiating, Negotiation, Verifying},
    offered::Offered,
    requested::{AwaitingPeer, Requested},
};

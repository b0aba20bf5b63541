//! How authentication methods plug in: state machines over octets, without a socket.
//!
//! A server's machine is a [`Subnegotiation`]. It reads what the client says, hands
//! [`Credentials`] out to be judged and writes the method's own answer:
//!
//! ```
//! use socks_core::{
//!     message::{Authentication, Credentials, Identity},
//!     subnegotiation::{Step, Subnegotiation, UsernamePassword},
//!     Method,
//! };
//!
//! let mut login = UsernamePassword::new();
//! let mut output = Vec::new();
//!
//! let mut input: &[u8] = b"\x01\x05alice\x03";
//! assert!(matches!(login.step(&mut input, &mut output), Ok(Step::NeedInput)));
//!
//! let mut input: &[u8] = b"\x01\x05alice\x03key";
//! let Ok(Step::Verify(Credentials::Password { username, .. })) = login.step(&mut input, &mut output) else {
//!     panic!("a whole login is there");
//! };
//! assert_eq!(&username, "alice");
//!
//! let alice = Identity::user(username, Method::USERNAME_PASSWORD);
//! login.decided(&Authentication::Accepted(alice), &mut output);
//! assert_eq!(output, [0x01, 0x00]);
//! assert!(matches!(login.step(&mut input, &mut output), Ok(Step::Done(None))));
//! ```
//!
//! An application adds a private method (80–FE) by implementing the trait; nothing else changes.

mod chap;
mod gssapi;
mod protection;
mod username_password;

use core::fmt;

use alloc::{boxed::Box, vec::Vec};

use crate::{
    DecodeError, Method,
    gssapi::MechanismError,
    message::{Authentication, Credentials},
};

pub use self::{
    chap::Chap,
    gssapi::Gssapi,
    protection::{DatagramProtection, Protection, ProtectionError},
    username_password::UsernamePassword,
};

/// The server's side of a method's sub-negotiation.
///
/// The caller alternates [`step`](Self::step) with reading from the client, and answers every
/// [`Step::Verify`] with [`decided`](Self::decided), every [`Step::Blocking`] with
/// [`block`](Self::block). It writes `output` to the client whenever a
/// call returns, also when the call failed.
pub trait Subnegotiation: Send {
    /// The method this is the sub-negotiation of.
    fn method(&self) -> Method;

    /// Most octets of input that may wait before [`Step::NeedInput`] means that the client says
    /// too much. Bounds memory before authentication (`SE-16`).
    fn input_limit(&self) -> usize;

    /// Consumes from `input`, appends to `output`, says what is needed next. What is not consumed
    /// is offered again with more behind it.
    ///
    /// # Errors
    ///
    /// The client broke the method's rules. `output` then ends with the method's own failure
    /// message, if it has one (`R5-64`).
    fn step(
        &mut self,
        input: &mut &[u8],
        output: &mut Vec<u8>,
    ) -> Result<Step, SubnegotiationError>;

    /// Does the work of a [`Step::Blocking`], with all the time it takes: reads files, asks other
    /// servers. What came of it is for the next [`step`](Self::step) to say.
    fn block(&mut self) {}

    /// What the server says when something else ends the exchange: a deadline, or work of a
    /// [`Step::Blocking`] that cannot be done. Nothing by default.
    fn last_words(&self) -> &'static [u8] {
        &[]
    }

    /// Takes the authenticator's answer to a [`Step::Verify`] and appends the method's message
    /// about it. After a rejection the connection is closed.
    fn decided(&mut self, authentication: &Authentication, output: &mut Vec<u8>);
}

/// What a [`Subnegotiation`] needs next.
#[derive(Debug)]
pub enum Step {
    /// More octets from the client.
    NeedInput,
    /// An authenticator's judgement, by [`Subnegotiation::decided`].
    Verify(Credentials),
    /// A call of [`Subnegotiation::block`], where blocking disturbs nobody, and then the next step.
    Blocking,
    /// Nothing: it is over, and everything that follows goes through the protection, if there is
    /// one (`R5-54`).
    Done(Option<Box<dyn Protection>>),
}

/// Why a sub-negotiation failed before anybody could judge the credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SubnegotiationError {
    /// The octets are not the method's message.
    Malformed(DecodeError),
    /// The message is well formed and not acceptable, such as an empty user name (`UP-6`).
    Unacceptable,
    /// The security mechanism failed, usually because it did not believe the client (`GS-9`).
    Mechanism(MechanismError),
}

impl fmt::Display for SubnegotiationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed(_) => "malformed sub-negotiation",
            Self::Unacceptable => "unacceptable sub-negotiation",
            Self::Mechanism(_) => "the security mechanism failed",
        })
    }
}

impl core::error::Error for SubnegotiationError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Malformed(error) => Some(error),
            Self::Mechanism(error) => Some(error),
            Self::Unacceptable => None,
        }
    }
}

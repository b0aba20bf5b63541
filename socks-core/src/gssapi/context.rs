use core::fmt;

use alloc::{sync::Arc, vec::Vec};

use super::{MechanismError, ProtectionLevel};

/// One side of the exchange that establishes a security context, by some mechanism (RFC 1961 §3).
///
/// Calls may take long, for files and for other servers: the exchanges make them in their blocking
/// steps only.
pub trait Establish: Send + Sync {
    /// Takes the peer's token and appends the answer to `output`. An initiator speaks first: its
    /// first call comes with an empty token.
    ///
    /// # Errors
    ///
    /// The context will not be; nothing is called again.
    fn step(&mut self, token: &[u8], output: &mut Vec<u8>)
    -> Result<Establishment, MechanismError>;
}

/// How far a context is.
#[derive(Debug)]
pub enum Establishment {
    /// The peer has to say more.
    Continue,
    /// It stands, once the peer has what this side said last, if that was anything.
    Complete(Arc<dyn SecurityContext>),
}

/// An established context: RFC 2743's calls for single messages.
///
/// It is shared by the stream and the datagrams of a session. Calls only compute; they are made
/// wherever octets pass.
pub trait SecurityContext: Send + Sync + fmt::Debug {
    /// The peer's name as the mechanism displays it, realm included. Untrusted as text (`GS-31`).
    fn peer(&self) -> &[u8];

    /// What the mechanism granted (`GS-32`).
    fn services(&self) -> Services;

    /// GSS_Wrap by the default quality of protection: appends the token that protects `plain`.
    ///
    /// # Errors
    ///
    /// The mechanism failed. What was appended then is thrown away.
    fn wrap(
        &self,
        confidential: bool,
        plain: &[u8],
        token: &mut Vec<u8>,
    ) -> Result<(), MechanismError>;

    /// GSS_Unwrap: appends what `token` protects.
    ///
    /// # Errors
    ///
    /// The token is not of this context or was damaged. What was appended then is thrown away.
    fn unwrap(&self, token: &[u8], plain: &mut Vec<u8>) -> Result<Unwrapped, MechanismError>;

    /// GSS_Wrap_size_limit: most octets whose token has `token` octets at most, 0 if none has.
    ///
    /// # Errors
    ///
    /// The mechanism failed.
    fn wrap_size_limit(&self, confidential: bool, token: usize) -> Result<usize, MechanismError>;
}

/// What a context can do for single messages, of what was asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Services {
    /// Messages can be wrapped at all.
    pub integrity: bool,
    /// Messages can be encrypted.
    pub confidentiality: bool,
    /// A message that was there before is told by [`Sequence::Replayed`].
    pub replay_detection: bool,
}

impl Services {
    /// Whether a level can be kept (`GS-32`). The selective one is not offered (`GS-15`).
    pub const fn support(self, level: ProtectionLevel) -> bool {
        match level {
            ProtectionLevel::Clear => true,
            ProtectionLevel::Integrity => self.integrity,
            ProtectionLevel::Confidentiality => self.integrity && self.confidentiality,
            ProtectionLevel::Selective => false,
        }
    }
}

/// What is known of a message that was unwrapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unwrapped {
    /// It was encrypted.
    pub confidential: bool,
    /// Where it stands among the others.
    pub sequence: Sequence,
}

/// Where a message stands among the others of its context, as far as the mechanism looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sequence {
    /// It is new, and in its place if places are kept.
    Expected,
    /// It is new, and others are missing before it or have overtaken it.
    OutOfOrder,
    /// It was there before, or is too old to tell.
    Replayed,
}

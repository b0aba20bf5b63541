use super::Algorithm;
use crate::{LengthError, Secret};

/// What a response is computed over (`CH-13`, `CH-16`).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Challenge {
    /// How.
    pub algorithm: Algorithm,
    /// IDENTIFIER, for the algorithms that need one.
    pub identifier: Option<u8>,
    /// The octets of CHALLENGE.
    pub octets: Secret,
}

impl Challenge {
    /// Fewest octets of a challenge that is sent (`CH-22`).
    pub const MIN_LEN: usize = 16;
    /// Most octets that CHALLENGE holds.
    pub const MAX_LEN: usize = 255;

    /// A challenge. `identifier` is kept only for an algorithm that needs one.
    pub fn new(algorithm: Algorithm, identifier: u8, octets: Secret) -> Self {
        Self {
            algorithm,
            identifier: algorithm.has_identifier().then_some(identifier),
            octets,
        }
    }

    /// Whether `octets` may be sent as a challenge of our own.
    pub(crate) fn is_sendable(octets: &Secret) -> bool {
        (Self::MIN_LEN..=Self::MAX_LEN).contains(&octets.expose().len())
    }
}

/// A server's answer to the challenge of its client, for mutual authentication (`CH-18`). The
/// authenticator that let the client in attaches it to the identity's
/// [`extensions`](crate::message::Identity::extensions), and the sub-negotiation sends it.
#[derive(Clone, Debug)]
pub struct MutualResponse(Secret);

impl MutualResponse {
    /// # Errors
    ///
    /// If the response is empty or longer than 255 octets.
    pub fn new(response: Secret) -> Result<Self, LengthError> {
        LengthError::check(response.expose().len(), 1, 255)?;
        Ok(Self(response))
    }

    pub(crate) fn expose(&self) -> &[u8] {
        self.0.expose()
    }
}

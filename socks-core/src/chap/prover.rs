use super::Challenge;
use crate::Secret;

/// Knows a secret, proves that, and checks whether the other side knows it too. The digests and the
/// randomness that a client needs and this crate does not have; `socks-auth` implements it.
pub trait Prover: Send {
    /// The response to the server's challenge. `None` if there is no way to compute it, which ends
    /// the sub-negotiation.
    fn respond(&self, challenge: &Challenge) -> Option<Secret>;

    /// Whether `response` is the right one, compared in constant time (`CH-23`).
    fn verify(&self, challenge: &Challenge, response: &[u8]) -> bool;

    /// 16 to 255 octets from a cryptographic random source, never the same twice (`CH-22`). `None`
    /// if the system has none to give.
    fn random_challenge(&self) -> Option<Secret>;
}

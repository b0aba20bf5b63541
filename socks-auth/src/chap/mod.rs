//! CHAP, method 03 (draft-ietf-aft-socks-chap-01): the client proves that it knows a secret without
//! sending it. **Legacy**: for clients that have nothing better.
//!
//! What it does not do (`CH-25`): nothing that follows is encrypted or protected against change.
//! Whoever sits on the path takes over the connection behind the login, talks both sides into a
//! weaker method, or tries out words against a challenge and response that passed by, at the speed
//! of HMAC-MD5. The server must keep the secrets themselves (`CH-24`), so a stolen file lets the
//! thief in at once; a store of hashed passwords cannot serve it. Username and password inside TLS
//! are better in each of these.
//!
//! A server needs the method and an authenticator over its users' [secrets](ChapSecrets):
//!
//! ```
//! use socks_auth::chap::{self, ChapAuthenticator, StaticChapSecrets};
//! use socks_core::Method;
//!
//! let secrets = StaticChapSecrets::from_iter([("alice", "correct horse battery staple")]);
//! let authenticator = ChapAuthenticator::new(secrets);
//!
//! // For SocksService: .authenticator(authenticator).method((Method::CHAP, chap::subnegotiation))
//! # let _ = (authenticator, Method::CHAP, chap::subnegotiation());
//! ```
//!
//! A client needs [`chap::client`](client()), for `Socks5Client::method`.
//!
//! With mutual authentication the client learns that the server knows the secret too. A client that
//! logs in at servers it does not know answers whatever challenge it is sent, so someone in between
//! can have one of its connections answer what was asked on another: a proof against mistakes
//! rather than against attackers.

mod authenticator;
mod file;
mod file_error;
mod key;
mod random;
mod secrets;
mod table;
#[cfg(test)]
mod tests;

pub use self::{
    authenticator::{ChapAuthenticator, ChapFuture},
    file::ChapSecretsFile,
    file_error::{ChapFileError, ChapFileErrorKind},
    key::ChapKey,
    secrets::{ChapSecrets, ChapUser},
    table::StaticChapSecrets,
};

use socks_core::{LengthError, Secret, UserName, client, subnegotiation};

/// Octets of a challenge; the draft asks for enough that none comes twice (`CH-22`).
const CHALLENGE_LEN: usize = 32;

/// The server's sub-negotiation for one session, with a challenge of its own. Without randomness to
/// make one from nobody gets in.
pub fn subnegotiation() -> subnegotiation::Chap {
    let identifier = random::octets::<1>().map_or(0, |[octet]| octet);
    subnegotiation::Chap::new(random::secret::<CHALLENGE_LEN>(), identifier)
}

/// The client's sub-negotiation.
///
/// # Errors
///
/// If the name or the secret is empty or longer than 255 octets.
pub fn client(
    username: impl Into<UserName>,
    secret: impl Into<Secret>,
) -> Result<client::Chap<ChapKey>, LengthError> {
    client::Chap::new(username, ChapKey::new(secret.into())?)
}

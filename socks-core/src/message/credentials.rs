use core::any::Any;

use alloc::sync::Arc;

use crate::{Method, Secret, UserId, UserName, chap::Challenge};

/// What a client says to prove who it is, as its method's sub-negotiation read it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Credentials {
    /// Method 00: nothing.
    None,
    /// SOCKS4: a user id, which is a claim and never proof (`S4-2`).
    UserId(UserId),
    /// Method 02: user name and password (RFC 1929). Either may be empty (`UP-6`, `UP-7`).
    Password {
        /// UNAME.
        username: UserName,
        /// PASSWD.
        password: Secret,
    },
    /// Method 03: the answer to a challenge.
    Chap {
        /// USER-IDENTITY.
        username: UserName,
        /// What the client was asked.
        challenge: Challenge,
        /// RESPONSE.
        response: Secret,
        /// What the client asks in turn, to hear whether the server knows its secret too (`CH-17`).
        /// An authenticator that answers attaches a
        /// [`MutualResponse`](crate::chap::MutualResponse).
        mutual: Option<Challenge>,
    },
    /// Method 01: a principal that the security context has proved. Untrusted as text (`GS-31`).
    Gssapi {
        /// The display name, realm included.
        principal: UserName,
    },
    /// A private method's own proof.
    Other {
        /// The method that read it.
        method: Method,
        /// What it read; the authenticator of the same application knows the type.
        proof: Arc<dyn Any + Send + Sync>,
    },
}

impl Credentials {
    /// The name that the client claims, where its method has one.
    pub fn username(&self) -> Option<&[u8]> {
        match self {
            Self::UserId(id) => Some(id.as_bytes()),
            Self::Password { username, .. }
            | Self::Chap { username, .. }
            | Self::Gssapi {
                principal: username,
            } => Some(username.as_bytes()),
            Self::None | Self::Other { .. } => None,
        }
    }
}

use core::fmt;

use crate::{DecodeError, Method, ReplyCode, gssapi::MechanismError, v4};

/// Why a client did not get what it asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClientError {
    /// The server accepts none of the offered methods (`R5-14`).
    NoAcceptableMethod,
    /// The server selected a method that was not offered; it must not be obeyed (`R5-15`,
    /// `SE-37`).
    MethodNotOffered(Method),
    /// The server did not accept the credentials.
    AuthenticationFailed,
    /// The server's message is well formed and not one that its method has here (`CH-8`).
    BadSubnegotiation,
    /// The server could not prove that it is the right one (`CH-19`).
    ServerNotAuthenticated,
    /// The security mechanism failed here, for want of credentials say, or did not believe the
    /// server (`GS-8`).
    Mechanism(MechanismError),
    /// The server's protection level, or every one that the security context can keep, is not one
    /// of those that will do (`GS-14`, `GS-32`).
    ProtectionLevel,
    /// The server refused the request or could not fulfil it (SOCKS5).
    Refused(ReplyCode),
    /// The server refused the request or could not fulfil it (SOCKS4).
    Refused4(v4::ReplyCode),
    /// The server does not speak the protocol.
    Malformed(DecodeError),
    /// The stream ended in the middle of the handshake.
    UnexpectedEnd,
}

impl ClientError {
    /// How the server answered the request, in SOCKS5's vocabulary; `None` if it did not come to
    /// an answer. Tells "the proxy refused" (`02`) from "the target failed" (`03`–`06`).
    pub fn reply_code(&self) -> Option<ReplyCode> {
        match self {
            Self::Refused(code) => Some(*code),
            Self::Refused4(code) => Some((*code).into()),
            _ => None,
        }
    }
}

impl fmt::Display for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoAcceptableMethod => {
                f.write_str("the proxy accepts none of the offered methods")
            }
            Self::MethodNotOffered(method) => {
                write!(
                    f,
                    "the proxy selected method {method}, which was not offered"
                )
            }
            Self::AuthenticationFailed => f.write_str("the proxy did not accept the credentials"),
            Self::BadSubnegotiation => f.write_str("the proxy broke the rules of the method"),
            Self::ServerNotAuthenticated => f.write_str("the proxy did not prove who it is"),
            Self::Mechanism(_) => f.write_str("the security mechanism failed"),
            Self::ProtectionLevel => f.write_str("no agreement on a protection level"),
            Self::Refused(code) => write!(f, "the proxy answered: {code}"),
            Self::Refused4(code) => write!(f, "the proxy answered: {code}"),
            Self::Malformed(_) => f.write_str("the proxy does not speak this version of SOCKS"),
            Self::UnexpectedEnd => f.write_str("the proxy closed the connection in the handshake"),
        }
    }
}

impl core::error::Error for ClientError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Malformed(error) => Some(error),
            Self::Mechanism(error) => Some(error),
            _ => None,
        }
    }
}

impl From<DecodeError> for ClientError {
    fn from(error: DecodeError) -> Self {
        Self::Malformed(error)
    }
}

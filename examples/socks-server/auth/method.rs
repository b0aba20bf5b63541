use std::fmt;

use serde::Deserialize;
use socks_core::Method;

/// A method of SOCKS5, by its name in RFC 1928 and the registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AuthMethod {
    /// 00, and SOCKS4.
    NoAuthentication,
    /// 01.
    Gssapi,
    /// 02.
    UsernamePassword,
    /// 03.
    Chap,
}

impl From<AuthMethod> for Method {
    fn from(method: AuthMethod) -> Self {
        match method {
            AuthMethod::NoAuthentication => Self::NO_AUTHENTICATION,
            AuthMethod::Gssapi => Self::GSSAPI,
            AuthMethod::UsernamePassword => Self::USERNAME_PASSWORD,
            AuthMethod::Chap => Self::CHAP,
        }
    }
}

impl fmt::Display for AuthMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoAuthentication => "no-authentication",
            Self::Gssapi => "gssapi",
            Self::UsernamePassword => "username-password",
            Self::Chap => "chap",
        })
    }
}

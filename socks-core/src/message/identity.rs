use alloc::{sync::Arc, vec::Vec};

use super::{Credentials, Extensions, IdentHint};
use crate::{Method, UserName};

/// Who a client is. Fixed once, by the authenticator, and carried to every later phase
/// (`UP-24`).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Identity {
    /// The authenticated user; `None` for an anonymous client.
    pub user: Option<UserName>,
    /// How the user was authenticated. With [`Method::NO_AUTHENTICATION`] a user id, if any, is a
    /// claim (`S4-2`).
    pub method: Method,
    /// Groups that the back end lists for the user.
    pub groups: Vec<Arc<str>>,
    /// What the client merely says its name is, such as SOCKS4's user id: a hint for logs, never
    /// a reason to allow.
    pub claimed: Option<UserName>,
    /// Who owns the connection, as the client's host says: untrusted (`ID-24`). `None` if it was
    /// not asked or did not answer (`ID-21`).
    pub ident: Option<IdentHint>,
    /// What the authenticator and its layers attached.
    pub extensions: Extensions,
}

impl Identity {
    /// A client that proved nothing.
    pub const fn anonymous() -> Self {
        Self {
            user: None,
            method: Method::NO_AUTHENTICATION,
            groups: Vec::new(),
            claimed: None,
            ident: None,
            extensions: Extensions::new(),
        }
    }

    /// A user whom `method` authenticated.
    pub fn user(name: impl Into<UserName>, method: Method) -> Self {
        Self {
            user: Some(name.into()),
            method,
            ..Self::anonymous()
        }
    }

    /// An anonymous client that keeps the name it claimed, for logs.
    pub fn claimed(credentials: &Credentials) -> Self {
        let claimed = credentials.username().filter(|name| !name.is_empty());
        Self {
            claimed: claimed.map(UserName::from),
            ..Self::anonymous()
        }
    }

    /// Whether nothing is known about the client, nothing that it claims and nothing attached:
    /// all such identities are alike.
    pub fn is_anonymous(&self) -> bool {
        let Self {
            user,
            method,
            groups,
            claimed,
            ident,
            extensions,
        } = self;
        user.is_none()
            && *method == Method::NO_AUTHENTICATION
            && groups.is_empty()
            && claimed.is_none()
            && ident.is_none()
            && extensions.is_empty()
    }

    /// Puts the user into a group.
    #[must_use]
    pub fn group(mut self, group: impl Into<Arc<str>>) -> Self {
        self.groups.push(group.into());
        self
    }
}

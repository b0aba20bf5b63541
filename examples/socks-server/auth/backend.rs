use std::{fmt, ops::Range, sync::Arc};

use socks_auth::SuccessCacheLayer;
use socks_core::message::{AuthRequest, Authentication};
use socks_tower::{Authenticator, BoxError, MakeSubnegotiation};
use tower::{ServiceExt, util::BoxCloneSyncService};

use super::AuthMethod;
use crate::config::{ConfigError, Source};

/// An authenticator whose type no longer matters.
pub type BoxAuthenticator = BoxCloneSyncService<AuthRequest, Authentication, BoxError>;

/// A table of the file, for the errors about it.
#[derive(Clone, Copy)]
pub struct Place<'a> {
    pub source: &'a Source,
    pub table: &'static str,
}

impl Place<'_> {
    /// What is wrong with `key`, whose value is at `span`.
    pub fn error(&self, span: Range<usize>, key: &str, what: impl fmt::Display) -> ConfigError {
        let key = format!("{}.{key}", self.table);
        self.source.error(span, &key, what)
    }
}

/// Has the cache of right logins, so that it is cleared when users change.
type Build = dyn Fn(Option<&SuccessCacheLayer>) -> Parts + Send + Sync;

/// What judges the clients of one method, not yet in its runtime.
pub struct Backend {
    pub method: AuthMethod,
    /// For `--check` and logs, without secrets.
    pub description: String,
    build: Box<Build>,
}

/// A method's services.
pub struct Parts {
    pub authenticator: BoxAuthenticator,
    /// How the method talks, but for those that every service knows.
    pub subnegotiation: Option<Arc<dyn MakeSubnegotiation>>,
}

impl Backend {
    /// `build` is called in the runtime, once.
    pub fn new(
        method: AuthMethod,
        description: impl Into<String>,
        build: impl Fn(Option<&SuccessCacheLayer>) -> Parts + Send + Sync + 'static,
    ) -> Self {
        Self {
            method,
            description: description.into(),
            build: Box::new(build),
        }
    }

    pub fn build(&self, cache: Option<&SuccessCacheLayer>) -> Parts {
        (self.build)(cache)
    }
}

impl Parts {
    /// Of a method that needs no more than its authenticator.
    pub fn new(authenticator: impl Authenticator) -> Self {
        Self {
            authenticator: boxed(authenticator),
            subnegotiation: None,
        }
    }

    /// Of a method that talks like this.
    pub fn subnegotiation(mut self, make: impl MakeSubnegotiation) -> Self {
        self.subnegotiation = Some(Arc::new(make));
        self
    }
}

pub fn boxed(authenticator: impl Authenticator) -> BoxAuthenticator {
    BoxCloneSyncService::new(authenticator.map_err(Into::into))
}

impl fmt::Debug for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.method, self.description)
    }
}

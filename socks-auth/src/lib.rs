#![doc = include_str!("../README.md")]

mod ask;
mod attempt_limit;
mod authenticate;
mod authenticate_service;
mod by_method;
mod expiring_map;
#[cfg(any(feature = "http", feature = "verify-pool"))]
mod gate;
#[cfg(feature = "htgroup")]
mod htgroup;
#[cfg(feature = "htpasswd")]
mod htpasswd;
#[cfg(feature = "http")]
mod http;
#[cfg(any(feature = "htgroup", feature = "htpasswd"))]
mod lines;
mod method_policy;
mod networks;
mod no_auth;
#[cfg(all(unix, feature = "pam"))]
mod pam;
#[cfg(feature = "password-hash")]
mod password_hash;
mod principals;
#[cfg(any(feature = "htgroup", feature = "htpasswd"))]
mod reload;
#[cfg(feature = "sql")]
mod sql;
mod static_users;
mod success_cache;
mod tag;
#[cfg(feature = "verify-pool")]
mod verify_pool;

#[cfg(feature = "chap")]
pub mod chap;
#[cfg(feature = "gssapi")]
pub mod gssapi;

#[cfg(test)]
mod tests;

/// An error of a store, kept as it is for the log of the server.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

pub use async_trait::async_trait;

pub use self::{
    attempt_limit::{AttemptCounts, AttemptLimit, AttemptLimitFuture, AttemptLimitLayer},
    authenticate::Authenticate,
    authenticate_service::{AuthenticateFuture, AuthenticateService},
    by_method::{ByMethod, ByMethodFuture},
    method_policy::{MethodPolicy, MethodRule},
    networks::Networks,
    no_auth::NoAuth,
    principals::Principals,
    static_users::StaticUsers,
    success_cache::{SuccessCache, SuccessCacheFuture, SuccessCacheLayer},
};

#[cfg(feature = "htgroup")]
pub use self::htgroup::{AddGroups, AddGroupsFuture, AddGroupsLayer, Htgroup};
#[cfg(feature = "htpasswd")]
pub use self::htpasswd::{Htpasswd, HtpasswdBuilder};
#[cfg(feature = "http")]
pub use self::http::{Http, HttpBuilder, HttpError};
#[cfg(all(unix, feature = "pam"))]
pub use self::pam::{Pam, PamError};
#[cfg(feature = "password-hash")]
pub use self::password_hash::{Formats, PasswordHash, PasswordHashError};
#[cfg(any(feature = "htgroup", feature = "htpasswd"))]
pub use self::reload::{LoadError, Watch};
#[cfg(feature = "sql")]
pub use self::sql::{Sql, SqlBuilder, SqlError};
#[cfg(feature = "verify-pool")]
pub use self::verify_pool::{VerifyPool, VerifyPoolError};

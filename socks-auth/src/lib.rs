#![doc = include_str!("../README.md")]

mod ask;
mod attempt_limit;
mod authenticate;
mod authenticate_service;
mod by_method;
mod expiring_map;
mod method_policy;
mod no_auth;
mod principals;
mod static_users;
mod success_cache;
mod tag;

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
    no_auth::NoAuth,
    principals::Principals,
    static_users::StaticUsers,
    success_cache::{SuccessCache, SuccessCacheFuture, SuccessCacheLayer},
};

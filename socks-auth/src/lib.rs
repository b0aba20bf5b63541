#![doc = include_str!("../README.md")]

mod authenticate;
mod authenticate_service;
mod no_auth;
mod principals;
mod static_users;
mod tag;

#[cfg(feature = "gssapi")]
pub mod gssapi;

#[cfg(test)]
mod tests;

/// An error of a store, kept as it is for the log of the server.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

pub use async_trait::async_trait;

pub use self::{
    authenticate::Authenticate,
    authenticate_service::{AuthenticateFuture, AuthenticateService},
    no_auth::NoAuth,
    principals::Principals,
    static_users::StaticUsers,
};

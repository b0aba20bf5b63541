//! `[auth]`: who a client is, from what was configured to the services.
//!
//! One file for each table. A table is [`prepare`](Auth::prepare)d before there is a runtime, when everything that
//! can be wrong is found (`--check` does no more), and its services are built in the runtime.

mod attempts;
mod backend;
mod cache;
mod clients;
#[allow(dead_code, reason = "the tables of features use it")]
mod disabled;
mod method;
mod methods;
mod services;
#[cfg(test)]
mod tests;
mod users;

use serde::Deserialize;
use toml::Spanned;

use self::{attempts::Attempts, cache::Cache, clients::Clients};
pub use self::{
    method::AuthMethod,
    services::{Prepared, Services},
};

/// Who must prove what, and who judges it.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Auth {
    methods: Option<Spanned<Vec<AuthMethod>>>,
    client: Vec<Clients>,
    attempts: Attempts,
    cache: Option<Cache>,
}

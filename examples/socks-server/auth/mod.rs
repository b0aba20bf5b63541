//! `[auth]`: who a client is, from what was configured to the services.
//!
//! One file for each table. A table is [`prepare`](Auth::prepare)d before there is a runtime, when everything that
//! can be wrong is found (`--check` does no more), and its services are built in the runtime.

mod attempts;
mod backend;
mod cache;
mod chap;
mod clients;
#[allow(dead_code, reason = "the tables of features use it")]
mod disabled;
mod gssapi;
#[cfg(feature = "htpasswd")]
mod htpasswd;
#[cfg(feature = "http")]
mod http;
mod ident;
mod method;
mod methods;
#[cfg(feature = "pam")]
mod pam;
mod services;
#[cfg(feature = "sql")]
mod sql;
mod stores;
#[cfg(test)]
mod tests;
mod users;

use serde::Deserialize;
use toml::Spanned;

#[cfg(not(feature = "admin"))]
pub use self::disabled::{Admin, Disabled};
#[cfg(feature = "htpasswd")]
use self::htpasswd::Htpasswd;
#[cfg(feature = "http")]
use self::http::Http;
#[cfg(feature = "pam")]
use self::pam::Pam;
#[cfg(feature = "sql")]
use self::sql::Sql;
use self::{attempts::Attempts, cache::Cache, chap::Chap, clients::Clients, ident::Ident};
pub use self::{
    method::AuthMethod,
    services::{Prepared, Services},
};

use crate::value::Seconds;

#[cfg(not(feature = "htpasswd"))]
type Htpasswd = disabled::Disabled<disabled::Htpasswd>;
#[cfg(not(feature = "http"))]
type Http = disabled::Disabled<disabled::Http>;
#[cfg(not(feature = "pam"))]
type Pam = disabled::Disabled<disabled::Pam>;
#[cfg(not(feature = "sql"))]
type Sql = disabled::Disabled<disabled::Sql>;

/// Who must prove what, and who judges it.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Auth {
    methods: Option<Spanned<Vec<AuthMethod>>>,
    timeout: Option<Spanned<Seconds>>,
    client: Vec<Clients>,
    gssapi: Option<Spanned<gssapi::Gssapi>>,
    attempts: Attempts,
    cache: Option<Cache>,
    htpasswd: Option<Spanned<Htpasswd>>,
    http: Option<Spanned<Http>>,
    pam: Option<Spanned<Pam>>,
    sql: Option<Spanned<Sql>>,
    chap: Option<Chap>,
    ident: Option<Ident>,
}

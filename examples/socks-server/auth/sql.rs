use std::{num::NonZeroU16, path::PathBuf};

use serde::Deserialize;
use socks_auth::Formats;
use toml::Spanned;
use tracing::warn;

use super::{
    AuthMethod,
    backend::{Backend, Parts, Place},
    stores::Store,
};
use crate::{
    config::ConfigError,
    value::{Seconds, SecretText, secret_file},
};

/// `[auth.sql]`: users of an SQL database.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sql {
    url: Option<Spanned<SecretText>>,
    url_file: Option<Spanned<PathBuf>>,
    query: Spanned<String>,
    checked_by_database: Option<bool>,
    groups_query: Option<String>,
    connections: Option<NonZeroU16>,
    timeout: Option<Seconds>,
    allow_plain_text: Option<bool>,
    allow_sha1: Option<bool>,
    allow_empty_passwords: Option<bool>,
}

impl Store for Sql {
    fn prepare(self, place: &Place<'_>) -> Result<Backend, ConfigError> {
        let (key, span, url) = match (&self.url, &self.url_file) {
            (Some(url), None) => ("url", url.span(), url.get_ref().0.clone()),
            (None, Some(file)) => {
                let url = secret_file(file.get_ref());
                let url = url.map_err(|what| place.error(file.span(), "url_file", what))?;
                ("url_file", file.span(), url)
            }
            _ => {
                let span = self.query.span();
                return Err(place.error(span, "url", "expected either url or url_file"));
            }
        };
        let formats = Formats::new()
            .plain_text(self.allow_plain_text.unwrap_or(false))
            .sha1(self.allow_sha1.unwrap_or(false));
        let mut sql = socks_auth::Sql::builder(url, self.query.get_ref().as_str())
            .checked_by_database(self.checked_by_database.unwrap_or(false))
            .formats(formats)
            .allow_empty_passwords(self.allow_empty_passwords.unwrap_or(false));
        if let Some(query) = self.groups_query {
            sql = sql.groups_query(query);
        }
        if let Some(connections) = self.connections {
            sql = sql.connections(connections.into());
        }
        if let Some(Seconds(timeout)) = self.timeout {
            sql = sql.timeout(timeout);
        }
        let sql = sql.build().map_err(|error| match error.is_query() {
            true => place.error(self.query.span(), "query", error),
            false => place.error(span, key, error),
        })?;
        Ok(Backend::new(
            AuthMethod::UsernamePassword,
            "users of an SQL database",
            move |_| {
                let check = sql.clone();
                tokio::spawn(async move {
                    if let Err(error) = check.check().await {
                        warn!(%error, "logins fail as long as the database does");
                    }
                });
                Parts::new(sql.clone())
            },
        ))
    }
}

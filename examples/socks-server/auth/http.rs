use std::path::PathBuf;

use serde::Deserialize;
use toml::Spanned;

use super::{
    AuthMethod,
    backend::{Backend, Parts, Place},
    stores::Store,
};
use crate::{
    config::ConfigError,
    value::{Seconds, secret_file},
};

/// `[auth.http]`: users of an HTTP service.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Http {
    url: Spanned<String>,
    token_file: Option<Spanned<PathBuf>>,
    timeout: Option<Seconds>,
    allow_empty_passwords: Option<bool>,
}

impl Store for Http {
    fn prepare(self, place: &Place<'_>) -> Result<Backend, ConfigError> {
        let url = self.url.get_ref();
        let mut http = socks_auth::Http::builder(url)
            .allow_empty_passwords(self.allow_empty_passwords.unwrap_or(false));
        if let Some(file) = &self.token_file {
            let token = secret_file(file.get_ref());
            http = http.token(token.map_err(|what| place.error(file.span(), "token_file", what))?);
        }
        if let Some(Seconds(timeout)) = self.timeout {
            http = http.timeout(timeout);
        }
        let http = http.build().map_err(|error| match &self.token_file {
            Some(file) if error.is_token() => place.error(file.span(), "token_file", error),
            _ => place.error(self.url.span(), "url", error),
        })?;
        Ok(Backend::new(
            AuthMethod::UsernamePassword,
            "users of an HTTP service",
            move |_| Parts::new(http.clone()),
        ))
    }
}

use std::path::PathBuf;

use serde::Deserialize;
use socks_auth::chap::{self, ChapAuthenticator, ChapSecretsFile};
use socks_core::Method;
use toml::Spanned;

use super::{
    AuthMethod,
    backend::{Backend, Parts, Place},
};
use crate::config::ConfigError;

/// `[auth.chap]`: users who prove that they know a secret (method 03).
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chap {
    secrets: Spanned<PathBuf>,
    md5: Option<bool>,
    mutual: Option<bool>,
}

impl Chap {
    /// Reads the file of secrets.
    pub fn prepare(self, place: Place<'_>) -> Result<Backend, ConfigError> {
        let span = self.secrets.span();
        let path = self.secrets.into_inner();
        let description = format!("secrets in {}", path.display());
        let secrets = ChapSecretsFile::open(path).map_err(|error| {
            let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}"));
            let what = format!("{error}{}", cause.unwrap_or_default());
            place.error(span, "secrets", what)
        })?;
        let md5 = self.md5.unwrap_or(false);
        let mutual = self.mutual.unwrap_or(true);
        Ok(Backend::new(AuthMethod::Chap, description, move |_| {
            let authenticator = ChapAuthenticator::new(secrets.clone()).mutual(mutual);
            Parts::new(authenticator)
                .subnegotiation((Method::CHAP, move || chap::subnegotiation().md5(md5)))
        }))
    }
}

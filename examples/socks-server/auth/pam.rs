use serde::Deserialize;
use toml::Spanned;

use super::{
    AuthMethod,
    backend::{Backend, Parts, Place},
    stores::Store,
};
use crate::config::ConfigError;

/// `[auth.pam]`: users of the system's PAM library.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pam {
    service: Spanned<String>,
    nss_groups: Option<bool>,
    allow_empty_passwords: Option<bool>,
}

impl Store for Pam {
    fn prepare(self, place: &Place<'_>) -> Result<Backend, ConfigError> {
        let service = self.service.get_ref();
        let pam = socks_auth::Pam::new(service)
            .map_err(|error| place.error(self.service.span(), "service", error))?
            .nss_groups(self.nss_groups.unwrap_or(false))
            .allow_empty_passwords(self.allow_empty_passwords.unwrap_or(false));
        Ok(Backend::new(
            AuthMethod::UsernamePassword,
            format!("users of the PAM service {service}"),
            move |_| Parts::new(pam.clone()),
        ))
    }
}

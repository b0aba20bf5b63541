use std::{path::PathBuf, time::Duration};

use serde::Deserialize;
use socks_auth::{Formats, Htgroup, Htpasswd as Users, SuccessCacheLayer};
use toml::Spanned;
use tower::ServiceBuilder;
use tracing::{info, warn};

use super::{
    AuthMethod,
    backend::{Backend, Parts, Place},
    stores::Store,
};
use crate::{config::ConfigError, hangup::Hangups};

/// `[auth.htpasswd]`: users of a file that Apache's `htpasswd` writes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Htpasswd {
    file: Spanned<PathBuf>,
    groups: Option<Spanned<PathBuf>>,
    allow_plain_text: Option<bool>,
    allow_sha1: Option<bool>,
    allow_empty_passwords: Option<bool>,
}

/// Between two looks at the files.
const EVERY: Duration = Duration::from_secs(1);

impl Store for Htpasswd {
    fn prepare(self, place: &Place<'_>) -> Result<Backend, ConfigError> {
        let formats = Formats::new()
            .plain_text(self.allow_plain_text.unwrap_or(false))
            .sha1(self.allow_sha1.unwrap_or(false));
        let users = Users::builder()
            .formats(formats)
            .allow_empty_passwords(self.allow_empty_passwords.unwrap_or(false))
            .open(self.file.get_ref())
            .map_err(|error| place.error(self.file.span(), "file", error))?;
        let open = |groups: &Spanned<PathBuf>| {
            let file = Htgroup::open(groups.get_ref());
            file.map_err(|error| place.error(groups.span(), "groups", error))
        };
        let groups = self.groups.as_ref().map(open).transpose()?;
        let file = self.file.get_ref().display();
        let description = format!("{} users of {file}", users.len());
        Ok(Backend::new(
            AuthMethod::UsernamePassword,
            description,
            move |cache| {
                if let Some(cache) = cache {
                    let clear = |cache: &SuccessCacheLayer| {
                        let cache = cache.clone();
                        move || cache.clear()
                    };
                    users.on_change(clear(cache));
                    groups
                        .iter()
                        .for_each(|groups| groups.on_change(clear(cache)));
                }
                tokio::spawn(users.watch(EVERY));
                if let Some(groups) = &groups {
                    tokio::spawn(groups.watch(EVERY));
                }
                tokio::spawn(reload(users.clone(), groups.clone()));
                let groups = groups.as_ref().map(Htgroup::layer);
                let layers = ServiceBuilder::new().option_layer(groups);
                Parts::new(layers.service(users.clone()))
            },
        ))
    }
}

/// Reads the files again on SIGHUP, at once and whether they have changed or not.
async fn reload(users: Users, groups: Option<Htgroup>) {
    let mut hangups = Hangups::listen();
    loop {
        hangups.next().await;
        match users.reload().await {
            Ok(()) => info!(users = users.len(), "users read again"),
            Err(error) => warn!(%error, "the users stay as they were"),
        }
        if let Some(groups) = &groups {
            match groups.reload().await {
                Ok(()) => info!("groups read again"),
                Err(error) => warn!(%error, "the groups stay as they were"),
            }
        }
    }
}

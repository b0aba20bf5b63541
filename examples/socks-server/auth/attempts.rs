use std::{num::NonZeroU32, time::Duration};

use ipnet::IpNet;
use serde::Deserialize;
use socks_auth::AttemptLimitLayer;
use toml::Spanned;

use super::backend::Place;
use crate::{config::ConfigError, value::Seconds};

/// `[auth.attempts]`: how often a login may fail.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Attempts {
    client: Option<Failures>,
    user: Option<Failures>,
    user_delay: Option<Spanned<Seconds>>,
    exempt: Option<Vec<IpNet>>,
}

/// So many failures, one of which is forgotten every so many seconds.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Failures {
    failures: NonZeroU32,
    every: Seconds,
}

impl Failures {
    fn parts(&self) -> (u32, Duration) {
        (self.failures.get(), self.every.0)
    }
}

impl Attempts {
    /// `handshake` is the deadline of the whole login: who were kept waiting for longer would be
    /// locked out by anybody who fails in that user's name (`SE-33`).
    pub fn layer(
        &self,
        place: &Place<'_>,
        handshake: Duration,
    ) -> Result<AttemptLimitLayer, ConfigError> {
        let delay = match &self.user_delay {
            Some(delay) if delay.get_ref().0 >= handshake => {
                let what = format!("expected less than deadlines.handshake, {handshake:?}");
                return Err(place.error(delay.span(), "user_delay", what));
            }
            Some(delay) => delay.get_ref().0,
            None => Duration::from_secs(3).min(handshake / 4),
        };
        let mut layer = AttemptLimitLayer::new().user_delay(delay);
        if let Some((failures, every)) = self.client.as_ref().map(Failures::parts) {
            layer = layer.by_client(failures, every);
        }
        if let Some((failures, every)) = self.user.as_ref().map(Failures::parts) {
            layer = layer.by_user(failures, every);
        }
        Ok(layer.exempt(self.exempt.iter().flatten().copied()))
    }
}

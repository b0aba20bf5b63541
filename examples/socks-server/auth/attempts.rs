use std::{num::NonZeroU32, time::Duration};

use ipnet::IpNet;
use serde::Deserialize;
use socks_auth::AttemptLimitLayer;

use crate::value::Seconds;

/// `[auth.attempts]`: how often a login may fail.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Attempts {
    client: Option<Failures>,
    user: Option<Failures>,
    user_delay: Option<Seconds>,
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
    pub fn layer(&self) -> AttemptLimitLayer {
        let mut layer = AttemptLimitLayer::new();
        if let Some((failures, every)) = self.client.as_ref().map(Failures::parts) {
            layer = layer.by_client(failures, every);
        }
        if let Some((failures, every)) = self.user.as_ref().map(Failures::parts) {
            layer = layer.by_user(failures, every);
        }
        if let Some(Seconds(delay)) = self.user_delay {
            layer = layer.user_delay(delay);
        }
        layer.exempt(self.exempt.iter().flatten().copied())
    }
}

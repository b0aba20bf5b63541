use std::{num::NonZeroU16, time::Duration};

use ipnet::IpNet;
use serde::Deserialize;
use socks_auth::Networks;
use socks_tower::{IdentLayer, IdentPolicy};
use toml::Spanned;

use super::backend::Place;
use crate::{config::ConfigError, value::Seconds};

/// `[auth.ident]`: whose host is asked who the client is, and whether it must answer.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Ident {
    required: Option<bool>,
    networks: Option<Spanned<Vec<IpNet>>>,
    timeout: Option<Spanned<Seconds>>,
    loopback: Option<bool>,
    port: Option<NonZeroU16>,
    accept_other: Option<bool>,
    lookups: Option<NonZeroU16>,
    lookups_per_client: Option<NonZeroU16>,
}

impl Ident {
    /// A list without a network would ask nobody, and require nothing of anybody; and a hint that
    /// takes as long as the handshake may would be required.
    pub fn check(&self, handshake: Duration, place: &Place<'_>) -> Result<(), ConfigError> {
        if let Some(networks) = &self.networks
            && networks.get_ref().is_empty()
        {
            let what = "expected at least one network";
            return Err(place.error(networks.span(), "networks", what));
        }
        if let Some(timeout) = &self.timeout
            && timeout.get_ref().0 >= handshake
        {
            let what = format!("expected less than deadlines.handshake, {handshake:?}");
            return Err(place.error(timeout.span(), "timeout", what));
        }
        Ok(())
    }

    pub fn layer(&self) -> IdentLayer {
        let mut layer = IdentLayer::new()
            .loopback(self.loopback.unwrap_or(false))
            .accept_other(self.accept_other.unwrap_or(false));
        if let Some(timeout) = &self.timeout {
            layer = layer.timeout(timeout.get_ref().0);
        }
        if let Some(port) = self.port {
            layer = layer.port(port.get());
        }
        if let Some(lookups) = self.lookups {
            layer = layer.max_lookups(lookups.get().into());
        }
        if let Some(lookups) = self.lookups_per_client {
            layer = layer.max_lookups_per_client(lookups.get().into());
        }
        let policy = match self.required {
            Some(true) => IdentPolicy::Required,
            _ => IdentPolicy::Optional,
        };
        let networks = self.networks.as_ref();
        let networks = networks.map(|list| Networks::from_iter(list.get_ref().iter().copied()));
        layer.policy(move |peer| match &networks {
            Some(networks) if !networks.contains(peer) => IdentPolicy::Skip,
            _ => policy,
        })
    }
}

/// For `--check`.
impl std::fmt::Display for Ident {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let required = self.required == Some(true);
        f.write_str(if required { "required" } else { "a hint" })?;
        match &self.networks {
            None => f.write_str(" of everybody"),
            Some(networks) => write!(f, " of {:?}", networks.get_ref()),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::auth::tests::{error, prepare};

    #[test]
    fn a_hint_must_come_before_the_handshake_ends() {
        let error = error("[auth.ident]\ntimeout = 30\n");
        let expected =
            "f.toml:2:11: auth.ident.timeout: expected less than deadlines.handshake, 30s";
        assert_eq!(error, expected);
    }

    #[test]
    fn a_list_of_no_networks_is_a_mistake() {
        let error = error("[auth.ident]\nrequired = true\nnetworks = []\n");
        assert_eq!(
            error,
            "f.toml:3:12: auth.ident.networks: expected at least one network"
        );
        prepare("[auth.ident]\nrequired = true\nnetworks = ['::ffff:192.0.2.0/120']\n").unwrap();
    }
}

use std::num::NonZeroU16;

use ipnet::IpNet;
use serde::Deserialize;
use socks_core::message::Endpoint;
use socks_tower::{IdentLayer, IdentPolicy};

use crate::value::Seconds;

/// `[auth.ident]`: whose host is asked who the client is, and whether it must answer.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Ident {
    required: Option<bool>,
    networks: Option<Vec<IpNet>>,
    timeout: Option<Seconds>,
    loopback: Option<bool>,
    port: Option<NonZeroU16>,
    accept_other: Option<bool>,
    lookups: Option<NonZeroU16>,
    lookups_per_client: Option<NonZeroU16>,
}

impl Ident {
    pub fn layer(&self) -> IdentLayer {
        let mut layer = IdentLayer::new()
            .loopback(self.loopback.unwrap_or(false))
            .accept_other(self.accept_other.unwrap_or(false));
        if let Some(Seconds(timeout)) = self.timeout {
            layer = layer.timeout(timeout);
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
        let networks = self.networks.clone();
        layer.policy(move |peer| match asked(networks.as_deref(), peer) {
            true => policy,
            false => IdentPolicy::Skip,
        })
    }
}

/// Whether the client is of one of the networks. Without a list everybody is.
fn asked(networks: Option<&[IpNet]>, peer: &Endpoint) -> bool {
    networks.is_none_or(|networks| {
        let within = |ip| networks.iter().any(|network| network.contains(&ip));
        peer.ip().is_some_and(within)
    })
}

/// For `--check`.
impl std::fmt::Display for Ident {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let required = self.required == Some(true);
        f.write_str(if required { "required" } else { "a hint" })?;
        match &self.networks {
            None => f.write_str(" of everybody"),
            Some(networks) => write!(f, " of {networks:?}"),
        }
    }
}

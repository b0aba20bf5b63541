use std::collections::HashSet;

use ipnet::IpNet;
use serde::Deserialize;
use socks_auth::MethodRule;
use socks_core::Method;
use toml::Spanned;

use super::AuthMethod;
use crate::config::{ConfigError, Source};

/// Clients that are treated otherwise, by where they come from.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Clients {
    networks: Spanned<Vec<IpNet>>,
    /// The name of a listener; all listeners without it.
    listener: Option<Spanned<String>>,
    pub methods: Spanned<Vec<AuthMethod>>,
}

impl Clients {
    /// `names` are those of the listeners.
    pub fn rule(
        &self,
        methods: Vec<AuthMethod>,
        names: &HashSet<String>,
        source: &Source,
    ) -> Result<MethodRule, ConfigError> {
        let mut rule = MethodRule::new(methods.into_iter().map(Method::from));
        if self.networks.get_ref().is_empty() {
            let what = "expected at least one network";
            return Err(source.error(self.networks.span(), "auth.client.networks", what));
        }
        for network in self.networks.get_ref() {
            rule = rule.client(*network);
        }
        let Some(listener) = &self.listener else {
            return Ok(rule);
        };
        let name = listener.get_ref();
        if !names.contains(name) {
            let what = format!("expected the name of a [[listener]], and {name} is none");
            return Err(source.error(listener.span(), "auth.client.listener", what));
        }
        Ok(rule.listener(name.as_str()))
    }
}

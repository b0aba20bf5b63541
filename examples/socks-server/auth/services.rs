use std::{
    collections::{BTreeSet, HashSet},
    fmt,
    sync::Arc,
    time::Duration,
};

use socks_auth::{AttemptLimitLayer, ByMethod, MethodPolicy, MethodRule, SuccessCacheLayer};
use socks_core::Method;
use socks_tower::{Authenticator, BoxError, IdentLayer, MakeSubnegotiation};
use toml::Spanned;
use tower::{ServiceBuilder, timeout::TimeoutLayer};

use super::{
    Auth, AuthMethod,
    backend::{Backend, BoxAuthenticator, Place, boxed},
    cache::Cache,
    gssapi,
    ident::Ident,
    methods::{default, listed},
    stores::Stores,
    users::anybody,
};
use crate::{
    config::{ConfigError, Listener, Source},
    value::{Name, Password},
};

/// Everything about authentication that was configured, and nothing wrong with it.
#[derive(Debug)]
pub struct Prepared {
    /// One for each method; of passwords there is one store.
    backends: Vec<Backend>,
    pub(super) policy: MethodPolicy,
    /// Every method that is offered to somebody.
    offered: BTreeSet<AuthMethod>,
    attempts: AttemptLimitLayer,
    timeout: Duration,
    cache: Option<Cache>,
    ident: Option<Ident>,
}

/// What the pipeline needs.
pub struct Services {
    pub authenticator: BoxAuthenticator,
    pub subnegotiations: Vec<Arc<dyn MakeSubnegotiation>>,
    pub policy: MethodPolicy,
    /// Around the service too, so that hosts are asked while their clients still talk.
    pub ident: Option<IdentLayer>,
}

impl Auth {
    /// Finds everything that is wrong.
    pub fn prepare(
        mut self,
        named: Vec<(Name, Password)>,
        listeners: &[Listener],
        handshake: Duration,
        source: &Source,
    ) -> Result<Prepared, ConfigError> {
        let mut backends = vec![anybody()];
        backends.extend(
            Stores::new(named, source)
                .table("auth.htpasswd", self.htpasswd.take())?
                .table("auth.http", self.http.take())?
                .table("auth.pam", self.pam.take())?
                .table("auth.sql", self.sql.take())?
                .only(),
        );
        if let Some(table) = &self.gssapi {
            let place = Place {
                source,
                table: "auth.gssapi",
            };
            backends.push(gssapi::backend(table, place)?);
        }
        if let Some(chap) = self.chap.take() {
            let table = "auth.chap";
            backends.push(chap.prepare(Place { source, table })?);
        }
        if let Some(ident) = &self.ident {
            let table = "auth.ident";
            ident.check(handshake, &Place { source, table })?;
        }
        let table = "auth.attempts";
        let attempts = self.attempts.layer(&Place { source, table }, handshake)?;
        let timeout = match &self.timeout {
            Some(timeout) if timeout.get_ref().0 >= handshake => {
                let what = format!("expected less than deadlines.handshake, {handshake:?}");
                return Err(source.error(timeout.span(), "auth.timeout", what));
            }
            Some(timeout) => timeout.get_ref().0,
            None => handshake / 2,
        };
        let set_up: Vec<_> = backends.iter().map(|backend| backend.method).collect();
        let (policy, offered) = self.policy(&set_up, listeners, source)?;
        // What is offered to nobody is judged by nobody.
        backends.retain(|backend| offered.contains(&backend.method));
        Ok(Prepared {
            backends,
            policy,
            offered,
            attempts,
            timeout,
            cache: self.cache,
            ident: self.ident,
        })
    }

    /// Which methods whom is offered, and every one of them.
    fn policy(
        &self,
        set_up: &[AuthMethod],
        listeners: &[Listener],
        source: &Source,
    ) -> Result<(MethodPolicy, BTreeSet<AuthMethod>), ConfigError> {
        let listed =
            |key: &str, methods: &Spanned<Vec<AuthMethod>>| listed(source, key, methods, set_up);
        let everybody = match &self.methods {
            Some(methods) => listed("auth.methods", methods)?,
            None => default(set_up),
        };
        let mut offered: BTreeSet<_> = everybody.iter().copied().collect();
        let mut policy = MethodPolicy::new(everybody.into_iter().map(Method::from));
        let names: HashSet<_> = listeners.iter().map(Listener::name).collect();
        // The first that fits counts, and networks say more than a listener does.
        for clients in &self.client {
            let methods = listed("auth.client.methods", &clients.methods)?;
            offered.extend(&methods);
            policy = policy.rule(clients.rule(methods, &names, source)?);
        }
        for listener in listeners {
            if let Some(methods) = &listener.methods {
                let methods = listed("listener.methods", methods)?;
                offered.extend(&methods);
                let rule = MethodRule::new(methods.into_iter().map(Method::from));
                policy = policy.rule(rule.listener(listener.name()));
            }
        }
        // Who sets users up means that they are asked for, so this is no way to let anybody in.
        let idle = |method: &AuthMethod| {
            *method != AuthMethod::NoAuthentication && !offered.contains(method)
        };
        if let (Some(methods), Some(idle)) = (&self.methods, set_up.iter().copied().find(idle)) {
            let what = format!("expected {idle} here or for somebody, for it is set up");
            return Err(source.error(methods.span(), "auth.methods", what));
        }
        Ok((policy, offered))
    }
}

impl Prepared {
    /// Whether anybody is let in without proof.
    pub fn lets_anybody_in(&self) -> bool {
        self.offered.contains(&AuthMethod::NoAuthentication)
    }

    /// Whether a password may cross the network.
    pub fn takes_passwords(&self) -> bool {
        self.offered.contains(&AuthMethod::UsernamePassword)
    }

    /// Nothing but method 00, for everybody, and nobody's host is asked.
    pub fn is_open(&self) -> bool {
        let mut offered = self.offered.iter();
        self.ident.is_none() && offered.all(|method| *method == AuthMethod::NoAuthentication)
    }

    /// In the runtime that serves.
    pub fn services(&self) -> Services {
        let cache = self.cache.as_ref().map(Cache::layer);
        let mut by_method = ByMethod::new();
        let mut subnegotiations = Vec::new();
        for backend in &self.backends {
            let parts = backend.build(cache.as_ref());
            by_method = by_method.method(backend.method.into(), parts.authenticator);
            subnegotiations.extend(parts.subnegotiation);
        }
        // What ident comes to is neither a failed login nor one to keep.
        let ident = self.ident.as_ref().map(Ident::layer);
        let authenticator = ServiceBuilder::new()
            .option_layer(ident.clone())
            .service(limited(by_method, &self.attempts, self.timeout, cache));
        Services {
            authenticator: boxed(authenticator),
            subnegotiations,
            policy: self.policy.clone(),
            ident,
        }
    }
}

/// A guess counts before the cache is asked: it would tell for free. A judge who hangs is given up
/// before the client is: that is no wrong guess, and would count as one with the handshake's deadline.
fn limited(
    judge: impl Authenticator,
    attempts: &AttemptLimitLayer,
    timeout: Duration,
    cache: Option<SuccessCacheLayer>,
) -> impl Authenticator<Error = BoxError> {
    let layers = ServiceBuilder::new()
        .layer(attempts)
        .layer(TimeoutLayer::new(timeout))
        .option_layer(cache);
    layers.service(judge)
}

/// For `--check`.
impl fmt::Display for Prepared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for backend in &self.backends {
            writeln!(f, "auth: {backend:?}")?;
        }
        if let Some(ident) = &self.ident {
            writeln!(f, "ident: {ident}")?;
        }
        if !self.is_open() {
            writeln!(f, "auth timeout: {:?}", self.timeout)?;
        }
        writeln!(f, "methods: {:?}", self.policy)
    }
}

#[cfg(test)]
pub mod tests;

use std::sync::Arc;

use ipnet::IpNet;
use socks_core::{Method, message::ConnInfo};

use crate::Networks;

/// Which methods a client may use, by listener and by client network: rules in order, the first
/// that fits decides, and a default for the rest (`R5-18`).
///
/// It is the function that a server asks:
///
/// ```
/// use socks_auth::{MethodPolicy, MethodRule};
/// use socks_core::Method;
///
/// # fn main() -> Result<(), ipnet::AddrParseError> {
/// let policy = MethodPolicy::new([Method::USERNAME_PASSWORD])
///     .rule(MethodRule::new([Method::GSSAPI]).listener("office"))
///     .rule(MethodRule::new([Method::NO_AUTHENTICATION]).client("192.0.2.0/24".parse()?));
///
/// // socks.methods_for(move |conn| policy.methods(conn))
/// # let _ = policy;
/// # Ok(())
/// # }
/// ```
///
/// A list is in order of preference (`R5-13`). Where method 00 is not in it, SOCKS4 is refused
/// (`S4-2`, `SE-36`); an empty list refuses everybody.
#[derive(Clone, Debug)]
pub struct MethodPolicy {
    rules: Arc<[MethodRule]>,
    default: Arc<[Method]>,
}

impl MethodPolicy {
    /// `default` for every client that no rule fits.
    pub fn new(default: impl IntoIterator<Item = Method>) -> Self {
        Self {
            rules: Arc::default(),
            default: default.into_iter().collect(),
        }
    }

    /// Adds a rule behind those that are there.
    #[must_use]
    pub fn rule(mut self, rule: MethodRule) -> Self {
        self.rules = self.rules.iter().cloned().chain([rule]).collect();
        self
    }

    /// The methods for the client of `conn`, most wanted first.
    pub fn methods(&self, conn: &ConnInfo) -> Arc<[Method]> {
        let rule = self.rules.iter().find(|rule| rule.fits(conn));
        Arc::clone(rule.map_or(&self.default, |rule| &rule.methods))
    }

    /// Every method that some client may use, each once: what a server needs to be able to serve.
    pub fn all(&self) -> Vec<Method> {
        let rules = self.rules.iter().flat_map(|rule| &*rule.methods);
        let mut all: Vec<_> = rules.chain(&*self.default).copied().collect();
        all.sort_unstable();
        all.dedup();
        all
    }
}

/// A list of methods, and whom it is for. With several conditions all have to hold; without one it
/// fits everybody.
#[derive(Clone, Debug)]
pub struct MethodRule {
    methods: Arc<[Method]>,
    listeners: Vec<Arc<str>>,
    clients: Networks,
}

impl MethodRule {
    /// `methods`, most wanted first.
    pub fn new(methods: impl IntoIterator<Item = Method>) -> Self {
        Self {
            methods: methods.into_iter().collect(),
            listeners: Vec::new(),
            clients: Networks::default(),
        }
    }

    /// For connections to the listener of this name; of several, to any of them.
    #[must_use]
    pub fn listener(mut self, name: impl Into<Arc<str>>) -> Self {
        self.listeners.push(name.into());
        self
    }

    /// For clients of this network; of several, of any of them. An IPv4-mapped network is taken for
    /// the IPv4 network that it is (`SE-9`). A client without an IP address, such as one on a unix
    /// socket, is of no network.
    #[must_use]
    pub fn client(mut self, network: IpNet) -> Self {
        self.clients.extend([network]);
        self
    }

    fn fits(&self, conn: &ConnInfo) -> bool {
        let listener = || {
            let name = conn.listener.as_ref();
            name.is_some_and(|name| self.listeners.contains(name))
        };
        (self.listeners.is_empty() || listener())
            && (self.clients.is_empty() || self.clients.contains(&conn.peer))
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use socks_core::message::{Endpoint, SessionId, Version};

    use super::*;

    const NONE: Method = Method::NO_AUTHENTICATION;
    const PASSWORD: Method = Method::USERNAME_PASSWORD;
    const GSSAPI: Method = Method::GSSAPI;

    fn conn(peer: Endpoint, listener: Option<&str>) -> ConnInfo {
        let mut conn = ConnInfo::new(SessionId(1), Version::Socks5, peer, Endpoint::Unnamed);
        conn.listener = listener.map(Into::into);
        conn
    }

    fn at(ip: &str) -> Endpoint {
        Endpoint::from(SocketAddr::new(ip.parse().unwrap(), 40_000))
    }

    fn network(network: &str) -> IpNet {
        network.parse().unwrap()
    }

    /// R5-18: the first rule that fits the listener and the client's address decides.
    #[test]
    fn the_first_rule_decides() {
        let policy = MethodPolicy::new([GSSAPI, PASSWORD])
            .rule(MethodRule::new([]).client(network("192.0.2.66/32")))
            .rule(
                MethodRule::new([GSSAPI])
                    .listener("office")
                    .listener("lab")
                    .client(network("192.0.2.0/24")),
            )
            .rule(
                MethodRule::new([NONE, PASSWORD])
                    .client(network("192.0.2.0/24"))
                    .client(network("2001:db8::/32")),
            )
            .rule(MethodRule::new([PASSWORD]).listener("lab"));
        for (peer, listener, methods) in [
            ("192.0.2.66", Some("office"), &[][..]),
            ("192.0.2.66", None, &[]),
            ("192.0.2.1", Some("office"), &[GSSAPI]),
            ("192.0.2.1", Some("lab"), &[GSSAPI]),
            ("192.0.2.1", None, &[NONE, PASSWORD]),
            ("192.0.2.1", Some("other"), &[NONE, PASSWORD]),
            ("::ffff:192.0.2.1", None, &[NONE, PASSWORD]),
            ("2001:db8::1", None, &[NONE, PASSWORD]),
            ("198.51.100.1", Some("lab"), &[PASSWORD]),
            ("198.51.100.1", Some("office"), &[GSSAPI, PASSWORD]),
            ("198.51.100.1", None, &[GSSAPI, PASSWORD]),
        ] {
            let conn = conn(at(peer), listener);
            assert_eq!(*policy.methods(&conn), *methods, "{peer} {listener:?}");
        }
        assert_eq!(policy.all(), [NONE, GSSAPI, PASSWORD]);
    }

    /// A client without an address is of no network, not even of the one of all addresses.
    #[test]
    fn clients_without_an_address() {
        let policy = MethodPolicy::new([PASSWORD]).rule(
            MethodRule::new([NONE])
                .client(network("0.0.0.0/0"))
                .client(network("::/0")),
        );
        for peer in [Endpoint::Unnamed, Endpoint::Unix(None)] {
            assert_eq!(*policy.methods(&conn(peer, None)), [PASSWORD]);
        }
        assert_eq!(*policy.methods(&conn(at("::1"), None)), [NONE]);
    }

    /// SE-9: a network in IPv4-mapped form is the IPv4 network.
    #[test]
    fn mapped_networks() {
        let policy = MethodPolicy::new([NONE])
            .rule(MethodRule::new([GSSAPI]).client(network("::ffff:10.0.0.0/104")))
            .rule(MethodRule::new([PASSWORD]).client(network("::ffff:0.0.0.0/96")));
        for (peer, method) in [
            ("10.1.2.3", GSSAPI),
            ("::ffff:10.1.2.3", GSSAPI),
            ("192.0.2.1", PASSWORD),
            ("2001:db8::1", NONE),
        ] {
            assert_eq!(*policy.methods(&conn(at(peer), None)), [method], "{peer}");
        }
    }
}

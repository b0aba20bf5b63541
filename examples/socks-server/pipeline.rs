//! The services of the server, from what was configured.

use std::net::{IpAddr, SocketAddr};

use socks_acl::SafeDefault;
use socks_tower::{
    Metrics, Sessions, SocksService, TcpConnector, TraceLayer, ident::Ident, record::Recorded,
    sessions::WithSessions, trace::Trace,
};
use tower::{ServiceBuilder, limit::ConcurrencyLimit, util::Either};
use tracing::warn;

use crate::{auth::Services, settings::Settings};

pub type Pipeline = ConcurrencyLimit<Trace<Either<Watched, Socks>>>;

type Watched = Recorded<WithSessions<Socks>, Metrics>;

type Socks = Either<Ident<SocksService>, SocksService>;

/// What shows sessions to those who look after the server.
#[derive(Clone, Debug, Default)]
pub struct Watch {
    pub sessions: Sessions,
    pub metrics: Metrics,
}

/// `own` are the TCP listeners of this server, which it must not connect to (`SE-11`). Sessions are entered into
/// `watch`, if anybody wants to see them.
pub fn pipeline(settings: &Settings, own: Vec<SocketAddr>, watch: Option<&Watch>) -> Pipeline {
    let connector = TcpConnector::new()
        .connect_timeout(settings.deadlines.request)
        .egress(settings.egress.clone());
    let binder = settings.bind.as_ref().map(|bind| bind.binder(&own));
    let mut socks = SocksService::new(connector)
        .access(access(settings, own))
        .deadlines(settings.deadlines)
        .relay(settings.relay.clone());
    let mut around = None;
    if !settings.auth.is_open() {
        let Services {
            authenticator,
            subnegotiations,
            policy,
            ident,
        } = settings.auth.services();
        for subnegotiation in subnegotiations {
            socks = socks.method(subnegotiation);
        }
        around = ident;
        socks = socks
            .authenticator(authenticator)
            .methods_for(move |conn| policy.methods(conn));
    }
    if let Some(binder) = binder {
        socks = socks.binder(binder);
    }
    if let Some(udp) = settings.udp.clone() {
        socks = socks.udp_relayer(udp);
    }
    ServiceBuilder::new()
        .concurrency_limit(settings.sessions)
        .layer(TraceLayer::new())
        .option_layer(watch.map(|watch| (watch.metrics.layer(), watch.sessions.layer())))
        .option_layer(around)
        .service(socks)
}

fn access(settings: &Settings, own: Vec<SocketAddr>) -> SafeDefault {
    SafeDefault::new()
        .allow_private(settings.allow_private)
        .allow_local(settings.allow_private)
        .bind(settings.bind.is_some())
        .bind_any_peer(settings.bind.as_ref().is_some_and(|bind| bind.any_peer))
        .own_listeners(own)
        .own_addresses(own_addresses())
}

/// What this machine is reached at: a listener on a wildcard address does not say.
fn own_addresses() -> Vec<IpAddr> {
    match if_addrs::get_if_addrs() {
        Ok(interfaces) => interfaces.iter().map(if_addrs::Interface::ip).collect(),
        Err(error) => {
            warn!(%error, "the addresses of this machine are unknown and not refused");
            Vec::new()
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use socks_acl::{Refusal, SpecialPurpose};
    use socks_core::message::Endpoint;

    use super::*;
    use crate::args::Args;

    fn check(flags: &[&str], local: &str, target: &str) -> Result<(), Refusal> {
        let args = Args::try_parse_from([&["socks-server"], flags].concat()).unwrap();
        let settings = Settings::new(args).unwrap();
        let own = vec!["0.0.0.0:1080".parse().unwrap()];
        let local = Endpoint::from(local.parse::<SocketAddr>().unwrap());
        access(&settings, own).check_address(&local, target.parse().unwrap())
    }

    /// SE-5, SE-7, SE-8: on a listener that others reach, private networks and the machine itself
    /// are opened by the flag alone, and what no connection can mean by nothing.
    #[test]
    fn allow_private() {
        let outside = "203.0.113.1:1080";
        let refused = |range| Err(Refusal::SpecialPurpose(range));
        for (target, without, with) in [
            ("8.8.8.8:80", Ok(()), Ok(())),
            ("10.0.0.1:80", refused(SpecialPurpose::Private), Ok(())),
            ("127.0.0.1:80", refused(SpecialPurpose::Loopback), Ok(())),
            (
                "169.254.169.254:80",
                refused(SpecialPurpose::Metadata),
                Ok(()),
            ),
            (
                "224.0.0.1:80",
                refused(SpecialPurpose::Multicast),
                refused(SpecialPurpose::Multicast),
            ),
        ] {
            assert_eq!(check(&[], outside, target), without, "{target}");
            assert_eq!(
                check(&["--allow-private"], outside, target),
                with,
                "{target}"
            );
        }
        assert_eq!(check(&[], "127.0.0.1:1080", "127.0.0.1:80"), Ok(()));
    }

    /// SE-11: whoever reaches a listener on a wildcard address does not reach this machine at
    /// another of its addresses, and its listeners with no flag at all.
    #[test]
    fn own_addresses_are_refused() {
        for own in own_addresses().into_iter().filter(|ip| !ip.is_loopback()) {
            let other = SocketAddr::new(own, 22).to_string();
            assert!(check(&[], "203.0.113.1:1080", &other).is_err(), "{other}");
            let listener = SocketAddr::new(own, 1080).to_string();
            let lifted = check(&["--allow-private"], "203.0.113.1:1080", &listener);
            assert!(lifted.is_err(), "{listener}");
        }
    }

    /// SE-11: no loops, not even where everything else is open.
    #[test]
    fn own_listeners() {
        for target in ["127.0.0.1:1080", "127.0.0.2:1080", "[::1]:1080"] {
            assert_eq!(
                check(&[], "127.0.0.1:9", target),
                Err(Refusal::OwnListener),
                "{target}"
            );
        }
    }
}

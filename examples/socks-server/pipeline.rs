//! The services of the server, from what was configured.

use std::{
    convert::Infallible,
    net::{IpAddr, SocketAddr},
};

use socks_acl::{Acl, SafeDefault};
use socks_core::message::{AcceptRequest, Verdict};
use socks_tower::{
    AccessLog, Accounting, AdmissionLayer, HalfOpenLayer, Incoming, Metrics, ProxyProtocolLayer,
    SessionReport, Sessions, SocksService, TcpConnector, TraceLayer, ident::Ident, limit::Limits,
    trace::Trace,
};
use tokio::io::{AsyncRead, AsyncWrite};
use tower::{
    Layer, ServiceBuilder,
    limit::{ConcurrencyLimit, GlobalConcurrencyLimitLayer},
    util::{BoxCloneSyncService, Either},
};
use tracing::warn;

use crate::{auth::Services, records::Records, settings::Settings};

/// What serves the connections of a listener. With nothing configured that needs more layers there is no
/// box around it.
pub type Pipeline<Io> = ConcurrencyLimit<Either<Layered<Io>, Trace<Socks>>>;

type Layered<Io> = BoxCloneSyncService<Incoming<Io>, SessionReport, Infallible>;

/// Whether a client may connect at all: by rules, limits or both.
type Admit = BoxCloneSyncService<AcceptRequest, Verdict, Infallible>;

type Socks = Either<Ident<SocksService>, SocksService>;

/// What the whole process shares, for listeners of every kind.
#[derive(Clone)]
pub struct Pipelines {
    places: GlobalConcurrencyLimitLayer,
    socks: Socks,
    around: Option<Around>,
}

/// What may stand around the service, the outermost first.
#[derive(Clone)]
struct Around {
    metrics: Option<Metrics>,
    access_log: Option<AccessLog>,
    accounting: Option<Accounting>,
    proxy_protocol: Option<ProxyProtocolLayer>,
    sessions: Option<Sessions>,
    half_open: Option<HalfOpenLayer>,
    admission: Option<AdmissionLayer<Admit>>,
}

/// What shows sessions to those who look after the server.
#[derive(Clone, Debug, Default)]
pub struct Watch {
    pub sessions: Sessions,
    pub metrics: Metrics,
}

/// What others look at or change while clients are served.
#[derive(Clone, Default)]
pub struct Shared {
    /// Where sessions are entered, if anybody wants to see them.
    pub sessions: Option<Sessions>,
    /// Where they are counted, if anybody wants to know.
    pub metrics: Option<Metrics>,
    /// The rules, if there are any but the safe default.
    pub acl: Option<Acl>,
    pub limits: Option<Limits>,
    pub records: Records,
}

impl Pipelines {
    /// `own` are the TCP listeners of this server, which it must not connect to (`SE-11`).
    pub fn new(settings: &Settings, own: &[SocketAddr], shared: Shared) -> Self {
        let Shared {
            sessions,
            acl,
            limits,
            records,
            metrics,
        } = shared;
        let access = |socks: SocksService| match (&acl, &limits) {
            (Some(acl), Some(limits)) => socks.access(limits.layer().layer(acl.clone())),
            (Some(acl), None) => socks.access(acl.clone()),
            (None, Some(limits)) => socks.access(limits.layer().layer(safe_default(settings, own))),
            (None, None) => socks.access(safe_default(settings, own)),
        };
        let socks = socks(settings, own, access);
        let admission = match (acl, limits) {
            (Some(acl), Some(limits)) => Some(Admit::new(limits.layer().layer(acl))),
            (Some(acl), None) => Some(Admit::new(acl)),
            (None, Some(limits)) => Some(Admit::new(limits)),
            (None, None) => None,
        };
        let around = Around {
            metrics,
            access_log: records.access_log,
            accounting: records.accounting,
            proxy_protocol: settings.proxy_protocol.layer(),
            sessions,
            half_open: settings.half_open.clone(),
            admission: admission.map(AdmissionLayer::new),
        };
        Self {
            places: GlobalConcurrencyLimitLayer::new(settings.sessions),
            socks,
            around: (!around.is_empty()).then_some(around),
        }
    }

    /// For connections of one kind.
    pub fn of<Io>(&self) -> Pipeline<Io>
    where
        Io: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let socks = self.socks.clone();
        let service = match self.around.clone() {
            Some(around) => Either::Left(around.layered(socks)),
            None => Either::Right(TraceLayer::new().layer(socks)),
        };
        self.places.layer(service)
    }
}

impl Around {
    fn is_empty(&self) -> bool {
        let Self {
            metrics,
            access_log,
            accounting,
            proxy_protocol,
            sessions,
            half_open,
            admission,
        } = self;
        metrics.is_none()
            && access_log.is_none()
            && accounting.is_none()
            && proxy_protocol.is_none()
            && sessions.is_none()
            && half_open.is_none()
            && admission.is_none()
    }

    /// A header of a load balancer is read before anybody looks at who the client is, but for those who
    /// keep records of every connection, such as one whose header is broken.
    fn layered<Io>(self, socks: Socks) -> Layered<Io>
    where
        Io: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        // From the inside out. Each of them has its box: without, the compiler would have to look into
        // every combination of them.
        let mut service = BoxCloneSyncService::new(socks);
        if let Some(admission) = self.admission {
            service = BoxCloneSyncService::new(admission.layer(service));
        }
        if let Some(half_open) = self.half_open {
            service = BoxCloneSyncService::new(half_open.layer(service));
        }
        if let Some(sessions) = self.sessions {
            service = BoxCloneSyncService::new(sessions.layer().layer(service));
        }
        service = BoxCloneSyncService::new(TraceLayer::new().layer(service));
        if let Some(proxy_protocol) = self.proxy_protocol {
            service = BoxCloneSyncService::new(proxy_protocol.layer(service));
        }
        if let Some(accounting) = self.accounting {
            service = BoxCloneSyncService::new(accounting.layer().layer(service));
        }
        if let Some(access_log) = self.access_log {
            service = BoxCloneSyncService::new(access_log.layer().layer(service));
        }
        if let Some(metrics) = self.metrics {
            service = BoxCloneSyncService::new(metrics.layer().layer(service));
        }
        service
    }
}

fn socks(
    settings: &Settings,
    own: &[SocketAddr],
    access: impl FnOnce(SocksService) -> SocksService,
) -> Socks {
    let connector = TcpConnector::new()
        .connect_timeout(settings.deadlines.request)
        .egress(settings.egress.clone());
    let mut socks = access(SocksService::new(connector))
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
    if let Some(bind) = &settings.bind {
        socks = socks.binder(bind.binder(own));
    }
    if let Some(udp) = settings.udp.clone() {
        socks = socks.udp_relayer(udp);
    }
    ServiceBuilder::new().option_layer(around).service(socks)
}

/// What is judged by without rules, and the rule that is always there with them.
pub fn safe_default(settings: &Settings, own: &[SocketAddr]) -> SafeDefault {
    SafeDefault::new()
        .allow_private(settings.allow_private)
        .allow_local(settings.allow_private)
        .bind(settings.bind.is_some())
        .bind_any_peer(settings.bind.as_ref().is_some_and(|bind| bind.any_peer))
        .own_listeners(own.iter().copied())
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
        safe_default(&settings, &own).check_address(&local, target.parse().unwrap())
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

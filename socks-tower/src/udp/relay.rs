use std::{
    future::{Ready, ready},
    net::IpAddr,
    ops::RangeInclusive,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use socks_core::message::{Associate, Egress};
use tokio::time::Instant;
use tower_service::Service;

use super::{
    AdvertiseRelay, ClientPin, MakeDatagramFilter, ReplyPolicy, UdpRelayError, flow::Flow,
    fragments::Reassembly, place::Place, port::Port, running::run, settings::Settings, socket,
    sockets::Sockets,
};
use crate::{Association, Resolver, SystemResolver};

/// Relays datagrams: a UDP relayer (RFC 1928 §7).
///
/// A datagram is relayed if it comes from the client that made the association, and goes where the
/// permit's filter lets it go; each one is checked (`UD-16`, `UD-28`), a name before it is looked up
/// as well as its addresses. The client's side is a
/// socket at the address that the client's connection reached the server at (`UD-9`), connected
/// once the client has shown its port. Towards targets there is one unconnected socket a family,
/// opened when it is needed (`UD-41`). Behind a method that protects, every datagram between client
/// and relay is protected, and all others are dropped (`UD-19`, `GS-26`). Nothing is answered to a datagram that is dropped (`UD-15`).
#[derive(Clone, Debug)]
pub struct UdpRelay<R = SystemResolver> {
    resolver: R,
    settings: Arc<Settings>,
}

impl UdpRelay {
    /// A relay that resolves names by the operating system.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Default for UdpRelay {
    fn default() -> Self {
        Self {
            resolver: SystemResolver::new(),
            settings: Arc::default(),
        }
    }
}

impl<R> UdpRelay<R> {
    #[cfg(any(test, fuzzing))]
    pub(super) fn settings(&self) -> &Settings {
        &self.settings
    }

    fn with(mut self, set: impl FnOnce(&mut Settings)) -> Self {
        set(Arc::make_mut(&mut self.settings));
        self
    }

    /// Resolves names by `resolver`.
    #[must_use]
    pub fn resolver<T: Resolver>(self, resolver: T) -> UdpRelay<T> {
        UdpRelay {
            resolver,
            settings: self.settings,
        }
    }

    /// Binds the client's side there, for clients of the same family, in place of the address that
    /// their connection came in at. Needed behind a PROXY header, whose addresses are not this
    /// machine's. With an unspecified address the client is told where its connection came in; what
    /// it gets then leaves from the address that the system chooses towards it, and the kernel does
    /// not filter by it.
    #[must_use]
    pub fn bind(self, ip: IpAddr) -> Self {
        self.with(|settings| match ip {
            IpAddr::V4(_) => settings.bind_v4 = Some(ip),
            IpAddr::V6(_) => settings.bind_v6 = Some(ip),
        })
    }

    /// The ports of the client's side. Any that is free by default (`SE-29`); with a range, one of
    /// it at random. An empty range, or one without a free port, is `01`.
    #[must_use]
    pub fn ports(self, ports: RangeInclusive<u16>) -> Self {
        self.with(|settings| settings.ports = Some(ports))
    }

    /// Says what address clients are told, where it is not the one the relay is bound to (`UD-9`).
    #[must_use]
    pub fn advertise(self, advertise: impl AdvertiseRelay + 'static) -> Self {
        self.with(|settings| settings.advertise = Some(Arc::new(advertise)))
    }

    /// Serves clients whose connection has no IP address, from a unix socket or in memory: the
    /// relay is bound to `ip`, and it is from `ip` that their datagrams come. Without it they are
    /// refused with `01`.
    #[must_use]
    pub fn unnamed_clients(self, ip: impl Into<Option<IpAddr>>) -> Self {
        self.with(|settings| settings.unnamed = ip.into())
    }

    /// From where datagrams leave unless a permit says otherwise.
    #[must_use]
    pub fn egress(self, egress: Egress) -> Self {
        self.with(|settings| settings.egress = egress)
    }

    /// Whether there are IPv6 targets; on by default. A name keeps its IPv4 addresses.
    #[must_use]
    pub fn ipv6(self, ipv6: bool) -> Self {
        self.with(|settings| settings.ipv6 = ipv6)
    }

    /// Whether datagrams of the same length that go to the same place one after the other are
    /// handed to the system in one piece, which it or the network card cuts (`UDP_SEGMENT` on
    /// Linux, since 4.18), and taken from it in one piece (`UDP_GRO`, since 5.0). On by default,
    /// without effect elsewhere. What is on the wire is the same either way; a card or driver that
    /// cuts wrongly is a reason to turn it off. Where the system refuses, the datagrams go one by
    /// one by themselves.
    #[must_use]
    pub fn segmentation_offload(self, segmentation_offload: bool) -> Self {
        self.with(|settings| settings.segmentation_offload = segmentation_offload)
    }

    /// From which port of the client's address datagrams are accepted (`UD-6`).
    #[must_use]
    pub fn client_pin(self, pin: ClientPin) -> Self {
        self.with(|settings| settings.pin = pin)
    }

    /// Whose datagrams reach the client (`UD-33`).
    #[must_use]
    pub fn replies(self, replies: ReplyPolicy) -> Self {
        self.with(|settings| settings.replies = replies)
    }

    /// How many addresses and ports an association may send to within 300 seconds; 1024 by
    /// default, at least 1. A datagram to one more is dropped (`SE-28`).
    #[must_use]
    pub fn max_targets(self, max: usize) -> Self {
        self.with(|settings| settings.max_targets = max.max(1))
    }

    /// After how long without a relayed datagram, in either direction, an association ends;
    /// 300 seconds by default, never less than [`MIN_IDLE`](Self::MIN_IDLE) (`UD-38`).
    #[must_use]
    pub fn idle_timeout(self, idle: Duration) -> Self {
        self.with(|settings| settings.idle = idle.max(Self::MIN_IDLE))
    }

    /// The shortest [`idle_timeout`](Self::idle_timeout) (`UD-38`).
    pub const MIN_IDLE: Duration = Duration::from_secs(120);

    /// How long an association may last at most, busy or not; without a limit by default
    /// (`SE-21`).
    #[must_use]
    pub fn max_lifetime(self, lifetime: impl Into<Option<Duration>>) -> Self {
        self.with(|settings| settings.lifetime = lifetime.into())
    }

    /// Datagrams a second, each way; as many may come at once. No limit by default (`SE-28`).
    #[must_use]
    pub fn datagrams_per_second(self, limit: impl Into<Option<u64>>) -> Self {
        self.with(|settings| settings.datagram_rate = limit.into())
    }

    /// Octets of payload a second, each way; as many may come at once, so a datagram longer than
    /// that never passes. No limit by default (`SE-28`).
    #[must_use]
    pub fn octets_per_second(self, limit: impl Into<Option<u64>>) -> Self {
        self.with(|settings| settings.octet_rate = limit.into())
    }

    /// Puts fragments together, in `each` octets for an association and about `total` for all of
    /// this relay and its clones. By default fragments are dropped (`UD-21`, `UD-25`).
    #[must_use]
    pub fn reassemble(self, each: usize, total: usize) -> Self {
        self.with(|settings| {
            settings.reassembly = Some(Reassembly {
                each,
                total,
                held: Arc::default(),
            });
        })
    }

    /// Lookups of an association that may be under way; 8 by default. A datagram that needs one
    /// more is dropped (`UD-32`).
    #[must_use]
    pub fn max_lookups(self, max: usize) -> Self {
        self.with(|settings| settings.names.lookups = max)
    }

    /// Datagrams that may wait for one name; 8 by default, and 256 KiB for all names (`UD-32`).
    #[must_use]
    pub fn max_waiting(self, max: usize) -> Self {
        self.with(|settings| settings.names.waiting = max)
    }

    /// How long a lookup may take and a datagram wait for it; 5 seconds by default (`UD-32`).
    #[must_use]
    pub fn lookup_timeout(self, timeout: Duration) -> Self {
        self.with(|settings| settings.names.patience = timeout)
    }

    /// How long an association keeps the addresses of a name, and of how many names; 30 seconds
    /// and 64 by default (`UD-32`). That a name did not resolve is kept for 5 seconds at most.
    #[must_use]
    pub fn name_cache(self, live: Duration, names: usize) -> Self {
        self.with(|settings| {
            settings.names.answers_live = live;
            settings.names.answers = names;
        })
    }

    /// Has a filter made for each association, which sees every datagram (`UD-34`).
    #[must_use]
    pub fn filter(self, make: impl MakeDatagramFilter + 'static) -> Self {
        self.with(|settings| settings.filter = Some(Arc::new(make)))
    }
}

impl<R: Resolver> UdpRelay<R> {
    fn associate(&self, associate: &Associate) -> Result<Association, UdpRelayError> {
        let settings = &*self.settings;
        let Place { client, relay } = settings.place(associate)?;
        let socket = socket::client_side(relay, settings.ports.as_ref())?;
        let addr = settings.advertised(associate, socket.local_addr()?)?;
        let egress = match &associate.permit.egress {
            Some(egress) => egress.or(&settings.egress),
            None => settings.egress.clone(),
        };
        let conn = Arc::clone(&associate.conn);
        let port = Port::new(socket, relay.is_ipv4(), settings.segmentation_offload);
        let sockets = Sockets::new(port, egress, conn, settings, self.resolver.clone());
        let flow = Flow::new(settings, associate, client, Instant::now());
        let (traffic, counters) = (flow.traffic().clone(), flow.counters().clone());
        let protected = flow.is_protected();
        let relay = async move {
            run(flow, sockets).await;
            Ok(())
        };
        Ok(Association::new(addr, traffic, relay)
            .datagrams(counters)
            .protected(protected))
    }
}

impl<R: Resolver> Service<Associate> for UdpRelay<R> {
    type Response = Association;
    type Error = UdpRelayError;
    type Future = Ready<Result<Association, UdpRelayError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    /// # Panics
    ///
    /// Outside of a tokio runtime, like every socket of tokio's.
    fn call(&mut self, associate: Associate) -> Self::Future {
        ready(self.associate(&associate))
    }
}

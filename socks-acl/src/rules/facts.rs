use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use jiff::Timestamp;
use socks_core::{
    Address, Command, Domain, Method,
    message::{AcceptRequest, AccessRequest, Endpoint, Identity, TlsPeer, UsedUp, Version},
};

use super::{AnyOf, Condition, Destination, Point, truth::Known, truth::Truth};
use crate::{NetworkSet, SpecialPurpose};

/// What is known when a question is judged.
#[derive(Clone, Copy)]
pub(super) struct Facts<'a> {
    pub(super) point: Point,
    pub(super) local: &'a Endpoint,
    pub(super) peer: &'a Endpoint,
    pub(super) listener: Option<&'a str>,
    pub(super) tls: Option<&'a TlsPeer>,
    pub(super) used_up: Option<&'a UsedUp>,
    /// Who asks for what; `None` on accept.
    pub(super) session: Option<Session<'a>>,
    pub(super) name: Known<&'a Domain>,
    pub(super) ip: Known<IpAddr>,
    pub(super) port: Known<u16>,
    /// A BIND for whoever comes (`SE-58`).
    pub(super) any_peer: bool,
    pub(super) now: Timestamp,
}

#[derive(Clone, Copy)]
pub(super) struct Session<'a> {
    pub(super) version: Version,
    pub(super) identity: &'a Identity,
    pub(super) command: Command,
}

impl<'a> Facts<'a> {
    pub(super) fn of_accept(request: &'a AcceptRequest, now: Timestamp) -> Self {
        Self {
            point: Point::Accept,
            local: &request.local,
            peer: &request.peer,
            listener: request.listener.as_deref(),
            tls: request.extensions.get(),
            used_up: request.extensions.get(),
            session: None,
            name: Known::None,
            ip: Known::None,
            port: Known::None,
            any_peer: false,
            now,
        }
    }

    /// The question as it comes: the name is known and its addresses are not.
    pub(super) fn of(request: &'a AccessRequest, point: Point, now: Timestamp) -> Self {
        let conn = &*request.conn;
        let asked = point == Point::Request;
        let any_peer = asked && request.command == Command::Bind && is_zeros(&request.destination);
        let facts = Self {
            point,
            local: &conn.local,
            peer: &conn.peer,
            listener: conn.listener.as_deref(),
            tls: conn.extensions.get(),
            used_up: request.extensions.get(),
            session: Some(Session {
                version: conn.version,
                identity: &request.identity,
                command: request.command,
            }),
            name: Known::None,
            ip: Known::Unknown,
            port: Known::Is(request.destination.port()),
            any_peer,
            now,
        };
        match &request.destination {
            // It says where the client sends from; where to, its datagrams say.
            _ if asked && request.command == Command::UdpAssociate => Self {
                name: Known::Unknown,
                port: Known::Unknown,
                ..facts
            },
            Address::Socket(_) if any_peer => facts,
            Address::Socket(addr) => facts.at(addr.ip()),
            Address::Domain(name, _) => facts.named(name),
        }
    }

    /// The host outside has this name, and addresses that are not known yet. What passes through a
    /// tunnel is not looked up, so there it has none.
    pub(super) fn named(self, name: &'a Domain) -> Self {
        let ip = match self.point {
            Point::Inspection => Known::None,
            _ => Known::Unknown,
        };
        let name = Known::Is(name);
        Self { name, ip, ..self }
    }

    /// The host outside has this address.
    pub(super) fn at(self, ip: IpAddr) -> Self {
        let ip = Known::Is(ip.to_canonical());
        Self { ip, ..self }
    }

    /// The host outside was asked for like this, as a datagram's header says.
    pub(super) fn asked_for(self, requested: &'a Address) -> Self {
        let port = Known::Is(requested.port());
        match requested {
            Address::Domain(name, _) => Self { port, ..self }.named(name),
            Address::Socket(addr) => self.asked_as(None, *addr),
        }
    }

    /// The host outside is this address, which was asked for as `requested`. Of whoever connects to a
    /// BIND the port says nothing (`BI-11`).
    pub(super) fn asked_as(self, requested: Option<&'a Address>, addr: SocketAddr) -> Self {
        let name = match requested {
            Some(Address::Domain(name, _)) => Known::Is(name),
            _ => Known::None,
        };
        let port = match self.any_peer {
            true => self.port,
            false => Known::Is(addr.port()),
        };
        Self { name, port, ..self }.at(addr.ip())
    }

    /// What the rules for requests can be asked about a host that comes back.
    pub(super) fn as_request(self) -> Self {
        Self {
            point: Point::Request,
            name: Known::Unknown,
            port: Known::Unknown,
            ..self
        }
    }

    pub(super) fn identity(&self) -> Option<&'a Identity> {
        self.session.map(|session| session.identity)
    }

    pub(super) fn command(&self) -> Option<Command> {
        self.session.map(|session| session.command)
    }

    /// Dante's marker for many connections to one listener, which is not offered (`BI-24`).
    pub(super) fn is_bind_extension(&self) -> bool {
        self.command() == Some(Command::Bind)
            && matches!(self.ip, Known::Is(IpAddr::V4(ip)) if ip.is_broadcast())
    }

    /// Whether `condition` holds. What is not known at this point at all does not hold; rules that
    /// ask for it are not accepted (`SE-3`).
    pub(super) fn satisfy(&self, condition: &Condition) -> Truth {
        let session = self.session;
        let identity = self.identity();
        // A user of method 00 is a claim (`SE-36`).
        let proved = identity.filter(|identity| identity.method != Method::NO_AUTHENTICATION);
        let truth = match condition {
            Condition::Client(sets) => {
                let is_in = |ip| sets.any(|set| set.contains(ip));
                self.peer.ip().is_some_and(is_in)
            }
            Condition::Listener(set) => self.listener.is_some_and(|name| set.contains(name)),
            Condition::Tls => self.tls.is_some(),
            Condition::Certificate(globs) => {
                let matches = |name: &Arc<str>| globs.iter().any(|glob| glob.matches(name));
                self.tls.is_some_and(|tls| tls.names.iter().any(matches))
            }
            Condition::Version(list) => session.is_some_and(|of| list.contains(&of.version)),
            Condition::User(sets) => proved
                .and_then(|identity| identity.user.as_ref())
                .is_some_and(|user| sets.any(|set| set.contains(user.as_bytes()))),
            Condition::Group(sets) => proved.is_some_and(|identity| {
                let is_in = |group: &Arc<str>| sets.any(|set| set.contains(&**group));
                identity.groups.iter().any(is_in)
            }),
            Condition::Method(list) => {
                identity.is_some_and(|identity| list.contains(&identity.method))
            }
            Condition::Ident(sets) => identity
                .and_then(|identity| identity.ident.as_ref())
                .is_some_and(|ident| sets.any(|set| set.contains(ident.user_id()))),
            Condition::Command(list) => session.is_some_and(|of| list.contains(&of.command)),
            Condition::Destination(Destination { domains, networks }) => {
                let by_name = self.name.is_in(domains.is_empty(), |name| {
                    domains.any(|set| set.contains(name))
                });
                return by_name.or(self.address_in(networks));
            }
            Condition::Address(networks) => return self.address_in(networks),
            Condition::Range(list) => {
                return self.ip.is_in(list.is_empty(), |ip| {
                    SpecialPurpose::of(*ip).is_some_and(|range| list.contains(&range))
                });
            }
            Condition::Port(sets) => {
                let is_in = |port: &u16| sets.any(|set| set.contains(*port));
                return self.port.is_in(sets.is_empty(), is_in);
            }
            Condition::Time(sets) => sets.any(|windows| windows.contains(self.now)),
            Condition::UsedUp(set) => self
                .used_up
                .is_some_and(|UsedUp(names)| names.iter().any(|name| set.contains(&**name))),
        };
        truth.into()
    }

    fn address_in(&self, networks: &AnyOf<NetworkSet>) -> Truth {
        let is_in = |ip: &IpAddr| networks.any(|set| set.contains(*ip));
        self.ip.is_in(networks.is_empty(), is_in)
    }
}

fn is_zeros(destination: &Address) -> bool {
    matches!(destination, Address::Socket(addr) if addr.ip().to_canonical().is_unspecified())
}

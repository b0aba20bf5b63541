use std::{
    borrow::Cow,
    net::{IpAddr, SocketAddr},
};

use socks_core::{Address, Domain, v5::UdpHeader};
use tokio::time::Instant;

use super::{
    Datagram, Direction, DropReason,
    flow::{Flow, Outlet, reason},
    names::Known,
};
use crate::Addrs;

impl Flow {
    /// A datagram arrived on the client's side.
    pub(super) fn client_sent(
        &mut self,
        datagram: &[u8],
        source: SocketAddr,
        now: Instant,
        outlet: &mut impl Outlet,
    ) {
        let relayed = self.accept(datagram, source, now, outlet);
        if let Err(reason) = relayed {
            self.counters.drop_one(reason);
        }
    }

    fn accept(
        &mut self,
        datagram: &[u8],
        source: SocketAddr,
        now: Instant,
        outlet: &mut impl Outlet,
    ) -> Result<(), DropReason> {
        if !self.client.is(source) {
            return Err(DropReason::Foreign);
        }
        let mut opened = Vec::new();
        let mut data = match &self.protection {
            None => datagram,
            Some(protection) => {
                let unwrapped = protection.unwrap(datagram, &mut opened);
                unwrapped.map_err(|_| DropReason::Protection)?;
                &opened
            }
        };
        let header = UdpHeader::decode(&mut data).map_err(|_| DropReason::Malformed)?;
        if header.fragment == 0x80 || header.fragment != 0 && self.fragments.is_none() {
            // 80 means nothing, but gives up what waits (UD-23).
            if let Some(fragments) = &mut self.fragments {
                let _ = fragments.push(&header, data, now, &self.counters);
                return Ok(());
            }
            return Err(DropReason::Fragment);
        }
        if self.client.heard_from(source) {
            outlet.pin(source);
        }
        let data = match &mut self.fragments {
            None => Cow::Borrowed(data),
            Some(fragments) => match fragments.push(&header, data, now, &self.counters) {
                Some(whole) => whole,
                None => return Ok(()),
            },
        };
        let destination = header.address.canonical().map_err(|_| DropReason::Name)?;
        if destination.port() == 0 {
            return Err(DropReason::PortZero);
        }
        if !self.to_target.admit(data.len(), now) {
            return Err(DropReason::Rate);
        }
        match &destination {
            Address::Socket(addr) => self.send(*addr, &destination, &data, now, outlet),
            // Before the lookup, which would tell the name's own servers of the client.
            Address::Domain(name, port) if !self.targets.permits_name(name, *port) => {
                Err(DropReason::NotPermitted)
            }
            Address::Domain(name, port) => match self.names.lookup(name, *port, &data, now) {
                Known::Addresses(addrs) => {
                    self.send_to_any(&addrs, &destination, &data, now, outlet)
                }
                Known::Unasked => {
                    outlet.resolve(name.clone());
                    Ok(())
                }
                Known::Asked => Ok(()),
                Known::Full => Err(DropReason::Lookups),
            },
        }
    }

    /// A lookup ended; `None` if it failed.
    pub(super) fn resolved(
        &mut self,
        name: &Domain,
        addrs: Option<&Addrs>,
        now: Instant,
        outlet: &mut impl Outlet,
    ) {
        for waiting in self.names.resolved(name, addrs, now, &self.counters) {
            let requested = Address::Domain(name.clone(), waiting.port);
            let addrs = addrs.map_or(&[][..], Addrs::as_slice);
            // The rules may have changed since it was asked for.
            let sent = match self.targets.permits_name(name, waiting.port) {
                true => self.send_to_any(addrs, &requested, &waiting.data, now, outlet),
                false => Err(DropReason::NotPermitted),
            };
            if let Err(reason) = sent {
                self.counters.drop_one(reason);
            }
        }
    }

    /// To the first address of a name that may be sent to and can be reached, and to the next one
    /// where the system knows no way; which of them would answer cannot be known. Addresses of the
    /// client's own family come first: nothing races here as it does for CONNECT, and a client that
    /// came by IPv4 does not expect to lose its datagrams to an IPv6 that nobody listens at.
    fn send_to_any(
        &mut self,
        addrs: &[IpAddr],
        requested: &Address,
        data: &[u8],
        now: Instant,
        outlet: &mut impl Outlet,
    ) -> Result<(), DropReason> {
        let own = self.client.is_ipv4();
        let of_family = |v4| addrs.iter().filter(move |ip| ip.is_ipv4() == v4);
        let mut failure = DropReason::Unresolved;
        for ip in of_family(own).chain(of_family(!own)) {
            let to = SocketAddr::new(*ip, requested.port());
            if !outlet.reaches(to) {
                continue;
            }
            match self.send(to, requested, data, now, outlet) {
                Err(reason @ (DropReason::Socket | DropReason::NotPermitted)) => failure = reason,
                sent => return sent,
            }
        }
        Err(failure)
    }

    fn send(
        &mut self,
        to: SocketAddr,
        requested: &Address,
        data: &[u8],
        now: Instant,
        outlet: &mut impl Outlet,
    ) -> Result<(), DropReason> {
        if !self.targets.permits(requested, to) {
            return Err(DropReason::NotPermitted);
        }
        if self.filter.is_some() {
            self.targets.room(to, now)?;
        }
        self.judge(&Datagram {
            direction: Direction::ToTarget,
            remote: to,
            requested: Some(requested),
            data,
        })?;
        if self.targets.sending(requested, to, now)? {
            outlet.queue_to_target(to, data);
            return Ok(());
        }
        // At once, so that of a name's addresses the next one can be tried.
        outlet.to_target(to, data).map_err(reason)?;
        self.targets.reached(to);
        self.sent_to_target(data.len(), now);
        Ok(())
    }
}

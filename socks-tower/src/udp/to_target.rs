use std::{borrow::Cow, net::SocketAddr};

use socks_core::{Address, v5::UdpHeader};
use tokio::time::Instant;

use super::{
    Datagram, Direction, DropReason,
    flow::{Flow, Outlet, reason},
    names::Known,
};
use crate::{Addrs, Name};

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
            Address::Domain(name, port) => match self.names.lookup(name, *port, &data, now) {
                Known::Addresses(addrs) => {
                    let addrs: Vec<_> =
                        addrs.iter().map(|ip| SocketAddr::new(*ip, *port)).collect();
                    self.send_to_any(&addrs, &destination, &data, now, outlet)
                }
                Known::Unasked => {
                    outlet.resolve(Name(name.clone()));
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
        name: &Name,
        addrs: Option<&Addrs>,
        now: Instant,
        outlet: &mut impl Outlet,
    ) {
        let addrs_of = |port| -> Vec<_> {
            let addrs = addrs.map_or(&[][..], Addrs::as_slice).iter();
            addrs.map(|ip| SocketAddr::new(*ip, port)).collect()
        };
        for waiting in self.names.resolved(&name.0, addrs, now, &self.counters) {
            let requested = Address::Domain(name.0.clone(), waiting.port);
            let addrs = addrs_of(waiting.port);
            let sent = self.send_to_any(&addrs, &requested, &waiting.data, now, outlet);
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
        addrs: &[SocketAddr],
        requested: &Address,
        data: &[u8],
        now: Instant,
        outlet: &mut impl Outlet,
    ) -> Result<(), DropReason> {
        let own = |addr: &&SocketAddr| addr.is_ipv4() == self.client.is_ipv4();
        let (first, then): (Vec<_>, Vec<_>) = addrs.iter().partition(own);
        let mut failure = DropReason::Unresolved;
        for to in first.into_iter().chain(then).copied() {
            if !outlet.reaches(to) {
                continue;
            }
            if !self.targets.permits(to) {
                failure = DropReason::NotPermitted;
                continue;
            }
            match self.send(to, requested, data, now, outlet) {
                Err(DropReason::Socket) => failure = DropReason::Socket,
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
        if !self.targets.permits(to) {
            return Err(DropReason::NotPermitted);
        }
        if self.filter.is_some() {
            self.targets.room(to, now)?;
        }
        let rewritten = self.judge(&Datagram {
            direction: Direction::ToTarget,
            remote: to,
            requested: Some(requested),
            data,
        })?;
        let data = rewritten.as_deref().unwrap_or(data);
        if self.targets.sending(to, now)? {
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

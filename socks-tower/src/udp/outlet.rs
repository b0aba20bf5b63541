use std::{io, net::SocketAddr};

use socks_core::Domain;
use tokio::time::Instant;

use super::{
    batch::{self, Departure, Departures, Sender, Side, Wire},
    flow::{Flow, Outlet},
    port::Port,
    sockets::Sockets,
};
use crate::Resolver;

/// The way out for the datagrams of one batch: sockets that belong to the association, memory and
/// calls that belong to the thread.
pub(super) struct Exit<'a, R> {
    pub(super) calls: Calls<'a, R>,
    pub(super) departures: &'a mut Departures,
}

/// Sends by the sockets of one association.
pub(super) struct Calls<'a, R> {
    pub(super) sockets: &'a mut Sockets<R>,
    pub(super) sender: &'a mut Sender,
}

impl<R> Calls<'_, R> {
    fn port(&self, side: Side) -> io::Result<&Port> {
        self.sockets
            .port(side)
            .ok_or(io::ErrorKind::Unsupported.into())
    }
}

impl<R> Wire for Calls<'_, R> {
    fn together(&self) -> usize {
        batch::TOGETHER
    }

    fn many(&mut self, arena: &[u8], list: &[Departure]) -> io::Result<usize> {
        let Some(first) = list.first() else {
            return Ok(0);
        };
        let port = self.sockets.port(first.side);
        let port = port.ok_or(io::ErrorKind::Unsupported)?;
        self.sender.many(port, arena, list)
    }

    fn piece(
        &mut self,
        side: Side,
        to: SocketAddr,
        piece: &[u8],
        segment: usize,
    ) -> io::Result<()> {
        let port = self.sockets.port_mut(side);
        let port = port.ok_or(io::ErrorKind::Unsupported)?;
        let sent = self.sender.piece(port, to, piece, segment);
        if let Err(error) = &sent {
            port.longest_segment = batch::segment_after(error, segment, port.longest_segment);
        }
        sent
    }

    fn longest_segment(&self, side: Side) -> usize {
        self.port(side).map_or(0, |port| port.longest_segment)
    }
}

impl<R> Exit<'_, R> {
    /// Sends what waits, and tells what became of it.
    pub(super) fn settle(&mut self, flow: &mut Flow, now: Instant) {
        self.departures.flush(&mut self.calls);
        for settled in self.departures.settled() {
            flow.settle(settled, now);
        }
    }
}

impl<R: Resolver> Outlet for Exit<'_, R> {
    fn to_target(&mut self, to: SocketAddr, data: &[u8]) -> io::Result<()> {
        self.calls.sockets.outside(to)?.send(to, data)
    }

    fn queue_to_target(&mut self, to: SocketAddr, data: &[u8]) {
        let side = Side::towards(to);
        self.departures
            .push(side, to, data, data.len(), &mut self.calls);
    }

    fn queue_to_client(&mut self, to: SocketAddr, datagram: &[u8], payload: usize) {
        self.departures
            .push(Side::Client, to, datagram, payload, &mut self.calls);
    }

    fn resolve(&mut self, name: Domain) {
        self.calls.sockets.resolve(name);
    }

    fn pin(&mut self, client: SocketAddr) {
        self.calls.sockets.pin(client);
    }

    fn reaches(&self, to: SocketAddr) -> bool {
        self.calls.sockets.reaches(to)
    }
}

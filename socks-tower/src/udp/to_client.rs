use std::{net::SocketAddr, ops::Range};

use socks_core::{Address, v5::UdpHeader};
use tokio::time::Instant;

use super::{
    Datagram, Direction, DropReason,
    flow::{Flow, Outlet},
};

impl Flow {
    /// A datagram arrived from outside: the octets of `buffer` in `payload`, with
    /// [`HEADROOM`](super::flow::HEADROOM) octets free in front of them.
    pub(super) fn outside_sent(
        &mut self,
        buffer: &mut [u8],
        payload: Range<usize>,
        source: SocketAddr,
        now: Instant,
        outlet: &mut impl Outlet,
    ) {
        let source = SocketAddr::new(source.ip().to_canonical(), source.port());
        if let Err(reason) = self.reply(buffer, payload, source, now, outlet) {
            self.counters.drop_one(reason);
        }
    }

    fn reply(
        &mut self,
        buffer: &mut [u8],
        payload: Range<usize>,
        source: SocketAddr,
        now: Instant,
        outlet: &mut impl Outlet,
    ) -> Result<(), DropReason> {
        let client = self.client.reached_at().ok_or(DropReason::Unsolicited)?;
        self.targets.accepts(source, now)?;
        let data = buffer.get(payload.clone()).ok_or(DropReason::Oversize)?;
        let octets = data.len();
        if !self.to_client.admit(octets, now) {
            return Err(DropReason::Rate);
        }
        let rewritten = self.judge(&Datagram {
            direction: Direction::ToClient,
            remote: source,
            requested: None,
            data,
        })?;
        let header = UdpHeader::new(Address::Socket(source));
        let mut elsewhere = Vec::new();
        let (datagram, octets) = match &rewritten {
            None => {
                let start = payload.start.saturating_sub(header.encoded_len());
                let mut room = buffer.get_mut(start..payload.start).unwrap_or_default();
                header.encode(&mut room);
                let datagram = buffer.get(start..payload.end).ok_or(DropReason::Oversize)?;
                (datagram, octets)
            }
            Some(data) => {
                header.encode(&mut elsewhere);
                elsewhere.extend_from_slice(data);
                (&*elsewhere, data.len())
            }
        };
        let mut frame = Vec::new();
        let datagram = match &self.protection {
            None => datagram,
            Some(protection) => {
                let wrapped = protection.wrap(datagram, &mut frame);
                wrapped.map_err(|_| DropReason::Protection)?;
                &frame
            }
        };
        outlet.queue_to_client(client, datagram, octets);
        Ok(())
    }
}

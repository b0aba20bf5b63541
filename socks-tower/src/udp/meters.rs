use std::{
    io,
    task::{Context, Poll},
};

use tokio::net::UdpSocket;

use super::{Direction, batch::Side};
use crate::{
    Traffic,
    limit::{Meter, MeterFlow, VolumeUsedUp},
};

/// What bounds the octets of an association, if anything does.
///
/// What was relayed is charged, and not what arrived: strangers who send to a relay's port use up
/// nobody's limits.
pub(super) struct Meters(Option<Flows>);

struct Flows {
    to_target: MeterFlow,
    to_client: MeterFlow,
    /// Octets sent and received that were charged.
    charged: (u64, u64),
    used_up: Option<VolumeUsedUp>,
}

impl Meters {
    pub(super) fn new(meter: Option<&Meter>) -> Self {
        Self(meter.map(|meter| Flows {
            to_target: meter.flow(Direction::ToTarget),
            to_client: meter.flow(Direction::ToClient),
            charged: (0, 0),
            used_up: None,
        }))
    }

    /// Whether anything bounds the association.
    pub(super) const fn are_there(&self) -> bool {
        self.0.is_some()
    }

    /// Whether anything has come that is worth a turn; at once where no turn is needed. Without that an
    /// association to which nothing comes would take turns whenever it is polled, and never be idle (`SE-21`).
    pub(super) fn poll_come(
        &mut self,
        side: Side,
        socket: &UdpSocket,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        let Some(flow) = self.0.as_mut().map(|flows| flows.flow(side)) else {
            return Poll::Ready(Ok(()));
        };
        if flow.is_granted() {
            return Poll::Ready(Ok(()));
        }
        let come = socket.poll_peek_sender(cx);
        if come.is_pending() {
            flow.release();
        }
        come.map_ok(drop)
    }

    /// About how many octets may be taken from a socket; `None` if none for now.
    pub(super) fn grant(&mut self, side: Side, cx: &mut Context<'_>) -> Option<usize> {
        let Some(flows) = &mut self.0 else {
            return Some(usize::MAX);
        };
        match flows.flow(side).poll_grant(cx) {
            Poll::Ready(Ok(octets)) => Some(octets),
            Poll::Ready(Err(used_up)) => {
                flows.used_up = Some(used_up);
                None
            }
            Poll::Pending => None,
        }
    }

    /// The socket has nothing.
    pub(super) fn release(&mut self, side: Side) {
        if let Some(flows) = &mut self.0 {
            flows.flow(side).release();
        }
    }

    /// Charges what was relayed since the last time.
    pub(super) fn charge(&mut self, traffic: &Traffic) {
        let Some(flows) = &mut self.0 else { return };
        let (sent, received) = (traffic.sent(), traffic.received());
        for (flow, now, charged) in [
            (&mut flows.to_target, sent, flows.charged.0),
            (&mut flows.to_client, received, flows.charged.1),
        ] {
            let octets = usize::try_from(now.saturating_sub(charged));
            match octets {
                Ok(0) => {}
                Ok(octets) => flow.used(octets),
                Err(_) => flow.used(usize::MAX),
            }
        }
        flows.charged = (sent, received);
    }

    pub(super) fn is_waiting(&self) -> bool {
        self.0
            .as_ref()
            .is_some_and(|flows| flows.to_target.is_waiting() || flows.to_client.is_waiting())
    }

    /// The volume that was used up, if that ends the association.
    pub(super) fn used_up(&mut self) -> Option<VolumeUsedUp> {
        self.0.as_mut()?.used_up.take()
    }
}

impl Flows {
    fn flow(&mut self, side: Side) -> &mut MeterFlow {
        match side {
            Side::Client => &mut self.to_target,
            Side::V4 | Side::V6 => &mut self.to_client,
        }
    }
}

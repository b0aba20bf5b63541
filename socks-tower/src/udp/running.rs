use std::{
    future::{Future, poll_fn},
    pin::Pin,
    task::{Context, Poll},
};

use futures_util::StreamExt;
use tokio::time::{Instant, Sleep};

use super::{
    batch::{self, Batch, Side},
    flow::Flow,
    meters::Meters,
    outlet::{Calls, Exit},
    sockets::Sockets,
};
use crate::{Cut, Resolver, yield_now};

/// Datagrams of one socket behind which others get the thread.
const TURN: usize = 32;

/// Relays until the association ends by itself.
///
/// # Errors
///
/// Why the filter ended it, or the volume that is used up.
pub(super) async fn run<R: Resolver>(
    mut flow: Flow,
    mut sockets: Sockets<R>,
    mut meters: Meters,
) -> Result<(), Cut> {
    let mut timer = Box::pin(tokio::time::sleep_until(flow.deadline()));
    poll_fn(|cx| poll(&mut flow, &mut sockets, &mut meters, &mut timer, cx)).await
}

fn poll<R: Resolver>(
    flow: &mut Flow,
    sockets: &mut Sockets<R>,
    meters: &mut Meters,
    timer: &mut Pin<Box<Sleep>>,
    cx: &mut Context<'_>,
) -> Poll<Result<(), Cut>> {
    let now = Instant::now();
    let more = batch::with(|batch| {
        let mut turn = Turn {
            flow,
            sockets,
            meters,
            batch,
            now,
        };
        let client = turn.take(Side::Client, cx);
        // Behind the client's datagrams, so that a lookup which began just now is asked for its
        // waker; before the outside, so that a socket which an answer opens is read at once.
        turn.answers(cx);
        let v4 = turn.take(Side::V4, cx);
        let v6 = turn.take(Side::V6, cx);
        client | v4 | v6
    });
    if let Some(cut) = flow.cut.take() {
        return Poll::Ready(Err(cut));
    }
    if let Some(used_up) = meters.used_up() {
        return Poll::Ready(Err(used_up.into()));
    }
    // Whoever waits for its turn is not idle.
    if meters.is_waiting() {
        flow.active = now;
    }
    loop {
        // The deadline slides with every datagram, the timer only once it has fired.
        let deadline = flow.deadline();
        if deadline < timer.deadline() {
            timer.as_mut().reset(deadline);
        }
        if timer.as_mut().poll(cx).is_pending() {
            break;
        }
        if flow.expire(now.max(timer.deadline())) {
            return Poll::Ready(Ok(()));
        }
        timer.as_mut().reset(flow.deadline());
    }
    if more {
        yield_now::defer(cx);
    }
    Poll::Pending
}

/// One poll of an association that has the thread's batch.
struct Turn<'a, R> {
    flow: &'a mut Flow,
    sockets: &'a mut Sockets<R>,
    meters: &'a mut Meters,
    batch: &'a mut Batch,
    now: Instant,
}

impl<R: Resolver> Turn<'_, R> {
    /// Relays what a socket has; true if there may be more.
    fn take(&mut self, side: Side, cx: &mut Context<'_>) -> bool {
        let mut taken = 0;
        while taken < TURN {
            let Some(port) = self.sockets.port_mut(side) else {
                return false;
            };
            match self.meters.poll_come(side, &port.socket, cx) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(error)) => {
                    self.flow.failed(&error);
                    taken += 1;
                    continue;
                }
                Poll::Pending => return false,
            }
            let Some(octets) = self.meters.grant(side, cx) else {
                return false;
            };
            let arrivals = &mut self.batch.arrivals;
            if self.meters.are_there() {
                port.tell_drops();
            }
            let received = arrivals.poll_receive(port, octets, cx);
            let unread = port.newly_dropped();
            if unread > 0 {
                self.flow.unread(unread);
            }
            match received {
                Poll::Pending => {
                    self.meters.release(side);
                    return false;
                }
                Poll::Ready(Ok(())) => taken += self.relay(side),
                Poll::Ready(Err(error)) => {
                    self.flow.failed(&error);
                    taken += 1;
                }
            }
        }
        true
    }

    /// Relays what has arrived, and answers how many datagrams.
    fn relay(&mut self, side: Side) -> usize {
        let (flow, now) = (&mut *self.flow, self.now);
        let arrivals = &mut self.batch.arrivals;
        let mut exit = Exit {
            calls: Calls {
                sockets: self.sockets,
                sender: &mut self.batch.sender,
            },
            departures: &mut self.batch.departures,
            arrived_at: None,
        };
        let arrived = arrivals.len();
        for index in 0..arrived {
            exit.arrived_at = arrivals.local(index);
            let Some((slot, octets, source)) = arrivals.slot(index) else {
                break;
            };
            match side {
                Side::Client => {
                    let datagram = slot.get(octets).unwrap_or_default();
                    flow.client_sent(datagram, source, now, &mut exit);
                }
                Side::V4 | Side::V6 => flow.outside_sent(slot, octets, source, now, &mut exit),
            }
        }
        exit.settle(flow, now);
        self.meters.charge(flow.traffic());
        arrived
    }

    /// Sends what has waited for the lookups that ended.
    fn answers(&mut self, cx: &mut Context<'_>) {
        while let Poll::Ready(Some((name, addrs))) = self.sockets.lookups.poll_next_unpin(cx) {
            let mut exit = Exit {
                calls: Calls {
                    sockets: self.sockets,
                    sender: &mut self.batch.sender,
                },
                departures: &mut self.batch.departures,
                arrived_at: None,
            };
            self.flow
                .resolved(&name, addrs.as_ref(), self.now, &mut exit);
            exit.settle(self.flow, self.now);
            self.meters.charge(self.flow.traffic());
        }
    }
}

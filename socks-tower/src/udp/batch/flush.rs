use std::{io, net::SocketAddr};

use super::{
    departures::{Departure, Settled, Side},
    runs::run,
};
use crate::udp::{DropReason, flow::reason_of};

/// The calls that send.
pub(in crate::udp) trait Wire {
    /// Datagrams of one call.
    fn together(&self) -> usize;
    /// Sends the first ones of `list`, which all leave by the same socket, and answers how many;
    /// an error is about the very first.
    fn many(&mut self, arena: &[u8], list: &[Departure]) -> io::Result<usize>;
    /// Sends `piece` as datagrams of `segment` octets, the last one of what is left.
    fn piece(&mut self, side: Side, to: SocketAddr, piece: &[u8], segment: usize)
    -> io::Result<()>;
    /// The longest segment that is tried; 0 for none.
    fn longest_segment(&self, side: Side) -> usize;
}

/// Sends all of `list`, in order for each destination. Failures are a datagram's own: those behind
/// it go on, and what the system does not take in one piece it gets one by one.
pub(super) fn flush(
    arena: &[u8],
    mut list: &[Departure],
    wire: &mut impl Wire,
    settled: &mut Vec<Settled>,
) {
    let mut singles = 0;
    while let Some(first) = list.get(singles) {
        let behind = list.get(singles..).unwrap_or_default();
        let count = run(behind, wire.longest_segment(first.side));
        if count == 1 {
            singles += 1;
            continue;
        }
        let (before, rest) = list.split_at(singles);
        one_by_one(arena, before, Before::Not, wire, settled);
        let (piece, rest) = rest.split_at(count);
        in_one_piece(arena, piece, wire, settled);
        (list, singles) = (rest, 0);
    }
    one_by_one(arena, list, Before::Not, wire, settled);
}

fn in_one_piece(
    arena: &[u8],
    list: &[Departure],
    wire: &mut impl Wire,
    settled: &mut Vec<Settled>,
) {
    let (Some(first), Some(last)) = (list.first(), list.last()) else {
        return;
    };
    let piece = arena.get(first.octets.start..last.octets.end);
    let piece = piece.unwrap_or_default();
    match wire.piece(first.side, first.to, piece, first.octets.len()) {
        Ok(()) => settled.extend(list.iter().map(|departure| of(departure, Ok(())))),
        Err(error) => {
            let mut before = Before::Not;
            if is_report(&error, first.side) {
                settled.push(Settled::Reported(error));
                before = Before::Reported;
            }
            one_by_one(arena, list, before, wire, settled);
        }
    }
}

/// How the first one of those that are left has failed before.
enum Before {
    Not,
    /// By what an earlier one had brought about, which is told (`UD-39`).
    Reported,
    /// By this, which may be about an earlier one as well.
    Failed(io::Error),
    /// In a call that stopped there: the system does not say why.
    Stopped,
}

/// What fails by what an earlier one has brought about (`UD-39`) was not sent, and is tried again,
/// once.
fn one_by_one(
    arena: &[u8],
    mut list: &[Departure],
    mut before: Before,
    wire: &mut impl Wire,
    settled: &mut Vec<Settled>,
) {
    while let Some(first) = list.first() {
        let same = |next: &&Departure| next.side == first.side;
        let together = list.iter().take(wire.together()).take_while(same);
        let (together, _) = list.split_at(together.count());
        match wire.many(arena, together) {
            Ok(sent) => {
                // What does not fail again was a report, of which a call that stops says nothing.
                match before {
                    Before::Failed(error) => settled.push(Settled::Reported(error)),
                    Before::Stopped if first.side == Side::Client => {
                        settled.push(Settled::Reported(io::ErrorKind::ConnectionRefused.into()));
                    }
                    _ => {}
                }
                let (sent, rest) = list.split_at(sent.clamp(1, together.len()));
                settled.extend(sent.iter().map(|departure| of(departure, Ok(()))));
                before = match sent.len() < together.len() {
                    true => Before::Stopped,
                    false => Before::Not,
                };
                list = rest;
            }
            Err(error) => {
                let error = match before {
                    Before::Not if is_report(&error, first.side) => {
                        settled.push(Settled::Reported(error));
                        before = Before::Reported;
                        continue;
                    }
                    Before::Not if may_be_report(&error, first.side) => {
                        before = Before::Failed(error);
                        continue;
                    }
                    // For the second time.
                    Before::Stopped if is_report(&error, first.side) => {
                        settled.push(Settled::Reported(error));
                        io::ErrorKind::ConnectionRefused.into()
                    }
                    _ => error,
                };
                settled.push(of(first, Err(error)));
                list = list.get(1..).unwrap_or_default();
                before = Before::Not;
            }
        }
    }
}

/// Only the client's socket is connected, and hears what ICMP says. Sending by itself never finds a
/// port closed.
fn is_report(error: &io::Error, side: Side) -> bool {
    side == Side::Client && error.kind() == io::ErrorKind::ConnectionRefused
}

/// ICMP also says that a datagram was too long for the way, or that a host may not be reached, and
/// so may sending.
fn may_be_report(error: &io::Error, side: Side) -> bool {
    side == Side::Client && reason_of(error) != DropReason::Congested
}

fn of(departure: &Departure, result: io::Result<()>) -> Settled {
    let Departure { to, payload, .. } = *departure;
    match departure.side {
        Side::Client => Settled::ToClient { payload, result },
        Side::V4 | Side::V6 => Settled::ToTarget {
            to,
            payload,
            result,
        },
    }
}

use std::{io, net::SocketAddr};

use super::{
    departures::{Departure, Settled, Side},
    runs::run,
};

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
        one_by_one(arena, before, false, wire, settled);
        let (piece, rest) = rest.split_at(count);
        in_one_piece(arena, piece, wire, settled);
        (list, singles) = (rest, 0);
    }
    one_by_one(arena, list, false, wire, settled);
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
            let reported = is_report(&error, first.side);
            if reported {
                settled.push(Settled::Reported(error));
            }
            one_by_one(arena, list, reported, wire, settled);
        }
    }
}

/// `reported` says that the first one has failed once already, by what an earlier one had brought
/// about (`UD-39`): it was not sent, and is tried again, once.
fn one_by_one(
    arena: &[u8],
    mut list: &[Departure],
    mut reported: bool,
    wire: &mut impl Wire,
    settled: &mut Vec<Settled>,
) {
    // The system says that it stopped, but not why: the error is about the next one.
    let mut stopped = false;
    while let Some(first) = list.first() {
        let same = |next: &&Departure| next.side == first.side;
        let together = list.iter().take(wire.together()).take_while(same);
        let (together, _) = list.split_at(together.count());
        match wire.many(arena, together) {
            Ok(sent) => {
                if stopped && first.side == Side::Client {
                    // What does not fail again was a report, which the call has swallowed.
                    settled.push(Settled::Reported(io::ErrorKind::ConnectionRefused.into()));
                }
                let (sent, rest) = list.split_at(sent.clamp(1, together.len()));
                settled.extend(sent.iter().map(|departure| of(departure, Ok(()))));
                stopped = sent.len() < together.len();
                (list, reported) = (rest, false);
            }
            Err(error) => {
                if is_report(&error, first.side) && !reported {
                    settled.push(Settled::Reported(error));
                    // If it stopped the call before, this is the second time.
                    reported = true;
                    if !stopped {
                        continue;
                    }
                    settled.push(of(first, Err(io::ErrorKind::ConnectionRefused.into())));
                } else {
                    settled.push(of(first, Err(error)));
                }
                list = list.get(1..).unwrap_or_default();
                (stopped, reported) = (false, false);
            }
        }
    }
}

/// Only the client's socket is connected, and hears what ICMP says.
fn is_report(error: &io::Error, side: Side) -> bool {
    side == Side::Client && error.kind() == io::ErrorKind::ConnectionRefused
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

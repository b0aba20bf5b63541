use super::departures::Departure;

/// Segments of one piece: what every kernel that knows `UDP_SEGMENT` takes.
const MOST: usize = 64;

/// Octets of one piece, over either family.
const LONGEST: usize = 65_507;

/// How many datagrams at the front of `list` may be sent in one piece, to be cut by the system:
/// to one destination, of the same length but for the last, which may be shorter, and none longer
/// than `segment`. 1 if there is nothing to win. They stand behind each other in memory.
///
/// Nothing of an empty datagram would be left in the piece.
pub(super) fn run(list: &[Departure], segment: usize) -> usize {
    let Some((first, others)) = list.split_first() else {
        return 0;
    };
    let len = first.octets.len();
    if len == 0 || len > segment {
        return 1;
    }
    let mut octets = len;
    let mut count = 1;
    for next in others.iter().take(MOST - 1) {
        let fits = next.side == first.side
            && next.to == first.to
            && (1..=len).contains(&next.octets.len())
            && octets + next.octets.len() <= LONGEST;
        if !fits {
            break;
        }
        octets += next.octets.len();
        count += 1;
        if next.octets.len() < len {
            break;
        }
    }
    count
}

use std::{collections::BTreeSet, ops::RangeInclusive};

use crate::random::random;

/// Below are the ports of services that belong to the machine (`BI-21`, `SE-60`).
const FIRST: u16 = 1024;

/// Ports that are tried before there is none to be had.
const TRIES: u32 = 64;

/// On which ports listeners may be.
#[derive(Clone, Debug, Default)]
pub(super) struct Ports {
    /// Where ports are chosen from; without one the system chooses.
    pub(super) range: Option<RangeInclusive<u16>>,
    pub(super) excluded: BTreeSet<u16>,
}

impl Ports {
    /// Whether a listener may be on `port`.
    pub(super) fn permits(&self, port: u16) -> bool {
        let in_range = self
            .range
            .as_ref()
            .is_none_or(|range| range.contains(&port));
        port >= FIRST && in_range && !self.excluded.contains(&port)
    }

    /// The ports to try, `wish` first if it is permitted (`BI-3`); 0 lets the system choose, and
    /// what it chose is not judged yet. In a range the first is chosen at random, so that nobody
    /// knows where the next client's listener will be.
    pub(super) fn candidates(&self, wish: u16) -> impl Iterator<Item = u16> + '_ {
        let (first, last) = match &self.range {
            None => (0, 0),
            Some(range) => ((*range.start()).max(FIRST), *range.end()),
        };
        let count = (u32::from(last) + 1).saturating_sub(first.into());
        let start = (random() >> 32) as u32 % count.max(1);
        // The system chooses anew with each try.
        let tries = if last == 0 { TRIES } else { count.min(TRIES) };
        let chosen = (0..tries)
            .map(move |step| u32::from(first) + (start + step) % count.max(1))
            .filter_map(|port| u16::try_from(port).ok())
            .filter(|port| *port == 0 || self.permits(*port));
        let wish = Some(wish).filter(|wish| self.permits(*wish));
        wish.into_iter().chain(chosen)
    }
}

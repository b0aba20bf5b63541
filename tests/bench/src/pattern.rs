//! What streams carry, so that one octet too few, too many or changed is found.

use std::{fmt, sync::LazyLock};

/// Longest run of octets that is written or compared at once.
pub(crate) const BLOCK: usize = 256 * 1024;

/// The pattern repeats after so many octets: a prime, so that no buffer's length divides it.
const PERIOD: usize = 65_521;

/// The period, and so much more that a block fits wherever it begins.
static RING: LazyLock<Box<[u8]>> = LazyLock::new(|| {
    let mut state = 0x9e37_79b9_u32;
    let mut ring: Vec<u8> = std::iter::repeat_with(|| {
        // xorshift
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state as u8
    })
    .take(PERIOD)
    .collect();
    while ring.len() < PERIOD + BLOCK {
        let more = PERIOD.min(PERIOD + BLOCK - ring.len());
        ring.extend_from_within(..more);
    }
    ring.into()
});

/// A part of the pattern: where a stream is, and where it ends.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stretch {
    position: u64,
    left: u64,
}

impl Stretch {
    /// `octets` of the pattern. Streams with different seeds differ.
    pub(crate) fn new(seed: u64, octets: u64) -> Self {
        Self {
            position: seed.wrapping_mul(7919) % PERIOD as u64,
            left: octets,
        }
    }

    pub(crate) fn left(&self) -> u64 {
        self.left
    }

    /// What comes next, a block at most; empty at the end.
    pub(crate) fn next(&self) -> &'static [u8] {
        let start = (self.position % PERIOD as u64) as usize;
        let len = usize::try_from(self.left).map_or(BLOCK, |left| left.min(BLOCK));
        &RING[start..start + len]
    }

    pub(crate) fn advance(&mut self, octets: usize) {
        self.position += octets as u64;
        self.left = self.left.saturating_sub(octets as u64);
    }

    /// Compares what has come with what has to come.
    pub(crate) fn check(&mut self, octets: &[u8]) -> Result<(), Wrong> {
        for block in octets.chunks(BLOCK) {
            let expected = self.next();
            if expected.get(..block.len()) != Some(block) {
                let same = expected.iter().zip(block).take_while(|(a, b)| a == b);
                let same = same.count();
                return Err(match same == expected.len() {
                    true => Wrong::More,
                    false => Wrong::Octet {
                        before_end: self.left - same as u64,
                    },
                });
            }
            self.advance(block.len());
        }
        Ok(())
    }

    /// To be called when nothing comes any more.
    pub(crate) fn end(&self) -> Result<(), Wrong> {
        match self.left {
            0 => Ok(()),
            missing => Err(Wrong::Missing(missing)),
        }
    }
}

/// How a stream was not what it had to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wrong {
    Octet { before_end: u64 },
    More,
    Missing(u64),
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Octet { before_end } => write!(f, "a wrong octet, {before_end} before the end"),
            Self::More => f.write_str("octets behind the end"),
            Self::Missing(octets) => write!(f, "{octets} octets are missing"),
        }
    }
}

impl std::error::Error for Wrong {}

#[cfg(test)]
mod tests {
    use super::*;

    fn octets(stretch: Stretch) -> Vec<u8> {
        let (mut octets, mut rest) = (Vec::new(), stretch);
        while rest.left() > 0 {
            octets.extend(rest.next());
            rest.advance(rest.next().len());
        }
        octets
    }

    /// Whatever the pieces are that it arrives in.
    fn check(stretch: Stretch, octets: &[u8]) -> Vec<Result<(), Wrong>> {
        let check = |piece: usize| {
            let mut stretch = stretch;
            for piece in octets.chunks(piece) {
                stretch.check(piece)?;
            }
            stretch.end()
        };
        let mut results: Vec<_> = [64, 1000, 65_521, BLOCK, usize::MAX].map(check).into();
        results.dedup();
        results
    }

    #[test]
    fn a_stream_that_is_right() {
        for len in [1, 64, 65_521, 600_000] {
            let stretch = Stretch::new(9, len);
            assert_eq!(check(stretch, &octets(stretch)), [Ok(())]);
        }
    }

    #[test]
    fn one_octet_that_is_wrong() {
        let stretch = Stretch::new(3, 600_000);
        for place in [0, 1, 65_521, 262_143, 262_144, 599_999] {
            let mut octets = octets(stretch);
            octets[place] ^= 1;
            let before_end = 600_000 - place as u64;
            assert_eq!(check(stretch, &octets), [Err(Wrong::Octet { before_end })]);
        }
    }

    #[test]
    fn one_octet_that_is_missing_or_too_many() {
        let stretch = Stretch::new(3, 600_000);
        let right = octets(stretch);
        assert_eq!(check(stretch, &right[..599_999]), [Err(Wrong::Missing(1))]);
        let mut more = right.clone();
        more.push(0);
        assert_eq!(check(stretch, &more), [Err(Wrong::More)]);
        // In the middle it moves all that follows.
        let mut less = right.clone();
        less.remove(70_000);
        assert!(matches!(
            check(stretch, &less)[..],
            [Err(Wrong::Octet { .. })]
        ));
        let mut twice = right;
        twice.insert(70_000, twice[70_000]);
        assert!(check(stretch, &twice).iter().all(Result::is_err));
    }

    #[test]
    fn streams_differ() {
        let (one, other) = (Stretch::new(1, 4096), Stretch::new(2, 4096));
        assert!(check(one, &octets(other)).iter().all(Result::is_err));
    }
}

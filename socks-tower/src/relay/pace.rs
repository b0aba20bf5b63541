use super::scratch;

/// How fast a direction is, as far as its last reads tell, and so how it is best moved.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    /// Octets the next copying read may take.
    chunk: u32,
    /// Reads in a row that speak for the other way of moving.
    streak: u8,
    bulky: bool,
    /// Reads for which splicing is not asked for again.
    refused: u8,
}

const MAX_CHUNK: u32 = scratch::LEN as u32;
const MIN_CHUNK: u32 = 16 * 1024;

/// A read of so much at once is a bulky flow's.
const BULKY_READ: usize = 64 * 1024;

/// So many reads of at least a smallest chunk, too.
const BULKY_STREAK: u8 = 4;

/// So many spliced reads of less, and the flow is copied again: through a pipe a small message costs
/// more.
const CHATTY_STREAK: u8 = 8;

/// So many reads are copied before splicing is asked for again where it was not to be had.
const REFUSED_READS: u8 = 64;

impl Pace {
    pub(super) const fn new() -> Self {
        Self {
            chunk: MIN_CHUNK,
            streak: 0,
            bulky: false,
            refused: 0,
        }
    }

    /// Whether splicing pays.
    pub(super) const fn is_bulky(self) -> bool {
        self.bulky
    }

    /// Octets that a copying read may take: more while the sink takes everything, less when it does
    /// not, so that a slow reader pins little memory.
    pub(super) const fn chunk(self) -> usize {
        self.chunk as usize
    }

    /// A read brought so many octets, and the sink took them all.
    pub(super) fn copied(&mut self, octets: usize) {
        if octets == self.chunk() {
            self.chunk = (self.chunk * 2).min(MAX_CHUNK);
        }
        if self.refused > 0 {
            self.refused -= 1;
            return;
        }
        // A single read between splices says nothing against them.
        if self.bulky {
            return;
        }
        match octets >= BULKY_READ {
            true => (self.bulky, self.streak) = (true, 0),
            false => self.judge(octets >= MIN_CHUNK as usize, BULKY_STREAK),
        }
    }

    /// A read brought more than the sink took.
    pub(super) fn held_up(&mut self) {
        self.chunk = (self.chunk / 2).max(MIN_CHUNK);
    }

    /// So many octets were spliced at once.
    pub(super) fn spliced(&mut self, octets: usize) {
        self.judge(octets < MIN_CHUNK as usize, CHATTY_STREAK);
    }

    /// Splicing cannot be had: it is asked for again after many reads.
    pub(super) fn refused(&mut self) {
        self.refused = REFUSED_READS;
        self.bulky = false;
        self.streak = 0;
    }

    /// Changes the way once `enough` reads in a row spoke for the other one.
    fn judge(&mut self, other: bool, enough: u8) {
        self.streak = if other { self.streak + 1 } else { 0 };
        if self.streak >= enough {
            self.bulky = !self.bulky;
            self.streak = 0;
        }
    }
}

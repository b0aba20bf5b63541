use std::{fmt, future::Future, pin::Pin};

use bytes::Bytes;

use crate::{
    Cut,
    udp::{Datagram, Direction},
};

/// Sees what passes through one tunnel or association, both ways, and decides about it.
///
/// It runs in the middle of the relaying, so it must not block; what takes time is an
/// [`Inspection::Later`]. A closure will do.
pub trait Inspector: Send + 'static {
    /// Decides about all octets of a direction that are not decided about yet.
    fn inspect(&mut self, chunk: &Chunk<'_>) -> Inspection;

    /// Whether it wants to see more of this direction. Asked at the beginning and after each
    /// decision about either direction, but not while one that takes time is open about this one, and never again
    /// once the answer was no: what is held of the direction goes on, and the rest passes unseen.
    fn wants(&self, direction: Direction) -> bool {
        let _ = direction;
        true
    }
}

impl<F: FnMut(&Chunk<'_>) -> Inspection + Send + 'static> Inspector for F {
    fn inspect(&mut self, chunk: &Chunk<'_>) -> Inspection {
        self(chunk)
    }
}

/// What an [`Inspector`] has to decide about.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Chunk<'a> {
    /// Which way it goes.
    pub direction: Direction,
    /// What was held of the direction with what has come since, no more than
    /// [`hold_limit`](super::InspectLayer::hold_limit); or the payload of a datagram.
    pub data: &'a [u8],
    /// The direction has ended behind it, which is told once, with no octets or the last ones. An
    /// answer that holds any is [exceeded](super::Exceeded).
    pub end: bool,
    /// It was held for as long as it may be
    /// ([`hold_timeout`](super::InspectLayer::hold_timeout)), and nothing has come since. An answer that holds
    /// any is [exceeded](super::Exceeded).
    pub overdue: bool,
    /// The datagram that it is; `None` in a tunnel.
    pub datagram: Option<Datagram<'a>>,
}

impl<'a> Chunk<'a> {
    /// Octets of a tunnel, in the midst of it.
    pub const fn new(direction: Direction, data: &'a [u8]) -> Self {
        Self {
            direction,
            data,
            end: false,
            overdue: false,
            datagram: None,
        }
    }
}

/// What an [`Inspector`] decides about a [`Chunk`].
///
/// A datagram is passed or rewritten as a whole; one that anything else is decided about is dropped
/// and counted as [`Filtered`](crate::udp::DropReason::Filtered).
#[non_exhaustive]
pub enum Inspection {
    /// It goes on as it is.
    Pass,
    /// So many octets go on, and the rest is held.
    PassSome(usize),
    /// Others go in place of it, or none. However many they are, no more is read until they are out.
    Rewrite(Bytes),
    /// Others go in place of the first so many octets, and the rest is held.
    RewriteSome(usize, Bytes),
    /// It waits for more of the same direction, with which it is shown again. The other direction goes on.
    Hold,
    /// It waits for a decision that takes time, and nothing is read from the direction meanwhile.
    Later(Later),
    /// The tunnel ends here, with a reset of both sides (`SE-49`), or the association does. What was
    /// passed before may be lost too.
    Cut(Cut),
}

/// A decision that takes time.
pub type Later = Pin<Box<dyn Future<Output = Inspection> + Send>>;

impl Inspection {
    /// Asks for a decision that takes time.
    pub fn later(decision: impl Future<Output = Self> + Send + 'static) -> Self {
        Self::Later(Box::pin(decision))
    }
}

impl fmt::Debug for Inspection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pass => f.write_str("Pass"),
            Self::PassSome(octets) => f.debug_tuple("PassSome").field(octets).finish(),
            Self::Rewrite(with) => f.debug_tuple("Rewrite").field(&with.len()).finish(),
            Self::RewriteSome(octets, with) => {
                let mut debug = f.debug_tuple("RewriteSome");
                debug.field(octets).field(&with.len()).finish()
            }
            Self::Hold => f.write_str("Hold"),
            Self::Later(_) => f.write_str("Later"),
            Self::Cut(cut) => f.debug_tuple("Cut").field(cut).finish(),
        }
    }
}

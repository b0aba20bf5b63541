use alloc::borrow::Cow;

/// What a [`Reassembler`](super::Reassembler) made of one datagram.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Outcome<'a> {
    /// What became of this datagram.
    pub action: Action<'a>,
    /// Whether earlier fragments were given up on the way: their timer had expired, or this
    /// datagram does not continue them (`UD-22`…`UD-24`). False when there were none.
    pub abandoned: bool,
}

/// What became of a datagram.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action<'a> {
    /// Pass these data on to the header's address. Borrowed when the datagram stood alone.
    Deliver(Cow<'a, [u8]>),
    /// Kept until the rest arrives.
    Queued,
    /// Not used, and nobody is told (`UD-15`).
    Dropped,
}

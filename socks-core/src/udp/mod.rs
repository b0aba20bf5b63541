//! Fragments of UDP datagrams (RFC 1928 §7). The header itself is [`v5::UdpHeader`].
//!
//! Fragmentation is optional and off unless a relay keeps a [`Reassembler`] for each association
//! and direction; without one it drops every datagram whose FRAG is not zero (`UD-21`, `UD-25`).
//! Nothing here ever sends fragments.
//!
//! [`v5::UdpHeader`]: crate::v5::UdpHeader

mod fragment;
mod outcome;
mod queue;
mod reassembler;
#[cfg(test)]
mod tests;

pub use self::{
    fragment::Fragment,
    outcome::{Action, Outcome},
    reassembler::Reassembler,
};

//! The exchange of RFC 1961 between both sides, over a stand-in for a mechanism.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod agreement;
mod datagrams;
mod ends;
mod establishment;
mod order;
mod properties;
mod stream;

//! What holds for every message and for any octets, whatever they are.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod any_octets;
mod isolation;
mod names;
mod reassembler;
mod round_trip;
mod strategy;

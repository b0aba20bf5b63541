//! The exchange of RFC 1961 between both sides, over a stand-in for a mechanism.

mod agreement;
mod datagrams;
mod ends;
mod establishment;
mod order;
mod properties;
mod stream;

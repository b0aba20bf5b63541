//! Limits for sessions: how many at once and in a while, how fast, and how much in a day, a week or
//! a month (`SE-20`, `SE-28`). TCP and UDP draw from the same.
//!
//! ```
//! use std::num::NonZeroU64;
//! use socks_acl::SafeDefault;
//! use socks_tower::{
//!     SocksService, TcpConnector,
//!     limit::{Limit, Limits, Per, Period, Rate, Volume},
//! };
//! use tower::Layer;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let rate = |octets| NonZeroU64::try_from(octets).map(Rate::per_second);
//! let limits = Limits::new([
//!     Limit::new("all", Per::Server).sessions(10_000).down(rate(100 << 20)?),
//!     Limit::new("client", Per::NETWORK).sessions(100).connects(rate(50)?),
//!     Limit::new("user", Per::User)
//!         .up(rate(10 << 20)?)
//!         .down(rate(10 << 20)?)
//!         .volume(Volume::new(Period::Month).total(1 << 40)),
//!     // For those whose rule says `limits = ["slow"]`.
//!     Limit::new("slow", Per::User).when_named().down(rate(128 << 10)?),
//! ])?;
//! let access = limits.layer().layer(SafeDefault::new());
//! let socks = SocksService::new(TcpConnector::new()).access(access);
//! # let _ = socks;
//! # Ok(())
//! # }
//! ```
//!
//! **Who shares.** [`Per`] says whose sessions a limit counts together. A session that several limits
//! apply to takes a place of each, or of none.
//!
//! **Rates of octets** are token buckets. Those who wait for one take turns: first the
//! users, say, and then the sessions of each, so that equal users have equal shares, and equal sessions
//! of a user as well, whatever their protocol and however much they move at once. A turn is what the
//! rate brings in 4 ms, from 1 to 64 KiB. What somebody does not use is there for the others at once.
//! No bucket ever gives more than its rate and its burst allow; a datagram that is longer than what was
//! left of a turn is taken from the next ones.
//!
//! **A throttled tunnel** is read from only as far as it may go on; the rest waits where it is,
//! in the sender's kernel. It counts as busy. Datagrams wait in the buffer of the relay's socket, and the
//! system drops those that do not fit.
//!
//! **Volumes** are counted while sessions run. They are kept by a [`UsageStore`] if the
//! application has one, and begin anew with each start without it.

mod account;
mod definition;
mod error;
mod future;
mod key;
mod layer;
mod limits;
mod meter;
mod rate;
mod scheduler;
mod service;
mod session;
mod status;
mod table;
#[cfg(test)]
mod tests;
mod throttled;
mod tokens;
mod usage;
mod volume;

pub use self::{
    definition::{Limit, Per},
    error::{LimitsError, LimitsErrorKind, VolumeUsedUp},
    future::LimitedFuture,
    layer::LimitLayer,
    limits::Limits,
    meter::{Meter, MeterFlow},
    rate::Rate,
    service::Limited,
    status::LimitStatus,
    throttled::Throttled,
    usage::{Usage, UsageFile, UsageStore},
    volume::{Period, Volume},
};

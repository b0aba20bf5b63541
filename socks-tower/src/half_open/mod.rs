//! Refuses clients at random while too many others have not finished their handshake.
//!
//! ```
//! use socks_tower::{HalfOpenLayer, SocksService, TcpConnector, Throttle};
//! use tower_layer::Layer;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let layer = HalfOpenLayer::new("100:30:1000".parse::<Throttle>()?)
//!     .per_client("10:30:20".parse::<Throttle>()?);
//! let half_open = layer.handle();
//! let service = layer.layer(SocksService::new(TcpConnector::new()));
//! // Later, while clients are served:
//! half_open.set_total("50:30:500".parse::<Throttle>()?);
//! println!("{} open, {} refused", half_open.len(), half_open.refused());
//! # let _ = service;
//! # Ok(())
//! # }
//! ```
//!
//! A connection is half-open from when this layer gets it until its request was answered with a
//! success, or until its session is over: while it negotiates, logs in, and waits for its target
//! (`SE-15`). A tunnel, an association and a BIND that waits for its peer are not; the
//! [driver](crate::SocksService) says when. Clients are counted in total and by network: by IPv4
//! address, and by IPv6 /64. Those without an IP address count in total only.
//!
//! Above `start` connections a further one is refused with a probability that rises from `rate` %
//! to 100 % at `full`, as sshd's `MaxStartups` does it: whoever floods the server gets most of the
//! refusals, and others still get in. A refusal is a close without SOCKS output (`SE-19`) and a
//! report with [`NotAdmitted`](crate::SessionEnd::NotAdmitted) and the limit `half-open`.
//!
//! Several of these layers around one another count each for itself.

mod counts;
mod future;
mod handle;
mod layer;
mod place;
mod service;
#[cfg(test)]
mod tests;
mod throttle;

pub(crate) use self::place::HalfOpenPlace;
pub use self::{
    future::HalfOpenFuture,
    handle::HalfOpenHandle,
    layer::HalfOpenLayer,
    service::HalfOpen,
    throttle::{ParseThrottleError, Throttle},
};

//! Looks at what is relayed, and changes or ends it.
//!
//! ```
//! use socks_core::message::Terms;
//! use socks_tower::{
//!     AdaptiveRelay, Cut, SocksService, TcpConnector,
//!     inspect::{Chunk, InspectLayer, Inspection, Inspector, Subject},
//!     udp::Direction,
//! };
//! use tower_layer::Layer;
//!
//! /// Ends tunnels to port 80 whose client begins with anything but a GET.
//! struct OnlyGet(bool);
//!
//! impl Inspector for OnlyGet {
//!     fn inspect(&mut self, chunk: &Chunk<'_>) -> Inspection {
//!         match chunk.data.get(..4) {
//!             None if chunk.end => Inspection::Cut(Cut::new("no_get")),
//!             None => Inspection::Hold,
//!             Some(b"GET ") => {
//!                 self.0 = false;
//!                 Inspection::Pass
//!             }
//!             Some(_) => Inspection::Cut(Cut::new("no_get")),
//!         }
//!     }
//!
//!     fn wants(&self, direction: Direction) -> bool {
//!         direction == Direction::ToTarget && self.0
//!     }
//! }
//!
//! let layer = InspectLayer::new(|subject: &Subject<'_>| {
//!     let web = subject.destination.port() == 80;
//!     web.then(|| Box::new(OnlyGet(true)) as Box<dyn Inspector>)
//! });
//! let socks = SocksService::new(TcpConnector::new()).relay(layer.layer(AdaptiveRelay::new()));
//! # let _ = socks;
//! ```
//!
//! | what | file |
//! |---|---|
//! | an [`Inspector`] sees [`Chunk`]s and answers with an [`Inspection`] | `inspector.rs` |
//! | a [`MakeInspector`] makes one for each tunnel, or none | `make.rs` |
//! | [`InspectLayer`] puts them around a relay's streams | `layer.rs`, `service.rs`, `stream.rs` |
//! | one direction: what is held, decided and for how long | `half.rs` |
//! | both directions: the inspector, and the cut | `shared.rs` |
//! | [`InspectDatagrams`] is the same for UDP | `datagrams.rs` |
//! | [`Tap`] only looks: copies of everything into a channel | `tap/` |
//!
//! An inspector sees the octets of a direction in order and each of them until it has decided about it, early
//! data first and the end last (`SE-51`). What it has decided about is relayed, and counted as it is relayed. Once it
//! [wants](Inspector::wants) no more of a direction, that costs nothing any more: plain TCP is then spliced as if
//! there were no inspector.
//!
//! What it [holds](Inspection::Hold) is bounded in octets and in time, see [`InspectLayer::hold_limit`],
//! [`InspectLayer::hold_timeout`] and [`Exceeded`].

mod datagrams;
mod half;
mod inspector;
mod layer;
mod limits;
mod make;
mod service;
mod shared;
mod stream;
mod tap;
#[cfg(test)]
mod tests;

pub use self::{
    datagrams::InspectDatagrams,
    inspector::{Chunk, Inspection, Inspector, Later},
    layer::InspectLayer,
    limits::Exceeded,
    make::{MakeInspector, Subject},
    service::Inspect,
    stream::InspectedStream,
    tap::{Tap, TapEvent, TapReader, TapRecord, tap},
};

//! What layers have in common that keep records of sessions: they hear of each session's begin, of
//! its tunnel or association, and once of its end, whatever that is.
//!
//! The access log, metrics and accounting are such records, and an application has its own by
//! implementing [`Record`]:
//!
//! ```
//! use std::sync::{
//!     Arc,
//!     atomic::{AtomicU64, Ordering},
//! };
//!
//! use socks_tower::{
//!     SessionReport, SocksService, TcpConnector,
//!     record::{Record, RecordLayer},
//!     sessions::Live,
//! };
//! use tower_layer::Layer;
//!
//! /// How many sessions there were.
//! #[derive(Clone, Default)]
//! struct Ended(Arc<AtomicU64>);
//!
//! impl Record for Ended {
//!     type Entry = ();
//!
//!     fn begin(&self, _: &Arc<Live>) {}
//!
//!     fn end(&self, (): (), report: &SessionReport) {
//!         self.0.fetch_add(1, Ordering::Relaxed);
//!         println!("{} {}", report.id, report.end.name());
//!     }
//! }
//!
//! let layer = RecordLayer::new(Ended::default());
//! let socks = layer.layer(SocksService::new(TcpConnector::new()));
//! # let _ = socks;
//! ```
//!
//! A session that is dropped has no report of its own. What is known of it by then, in its
//! [`Live`], makes one whose end is [`Aborted`](crate::SessionEnd::Aborted).

mod future;
mod layer;
mod service;
#[cfg(test)]
mod tests;

use std::sync::Arc;

pub use self::{future::RecordFuture, layer::RecordLayer, service::Recorded};
use crate::{SessionReport, sessions::Live};

/// Keeps records of sessions. Called by the tasks of sessions, so nothing in here may block.
pub trait Record: Clone + Send + Sync + 'static {
    /// What it keeps of a session under way.
    type Entry: Send + 'static;

    /// A connection was accepted.
    fn begin(&self, live: &Arc<Live>) -> Self::Entry;

    /// The client has what it asked for. Not called for a session that does not come so far.
    fn open(&self, _entry: &mut Self::Entry, _live: &Arc<Live>) {}

    /// The session is over. Called once for each that began.
    fn end(&self, entry: Self::Entry, report: &SessionReport);
}

//! Counters, gauges and histograms by the `metrics` facade: for the recorder that the application
//! has installed, such as a Prometheus exporter.
//!
//! ```
//! use std::time::Duration;
//!
//! use socks_tower::{Metrics, SocksService, TcpConnector};
//! use tower_layer::Layer;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! // After the recorder was installed.
//! Metrics::describe();
//! let metrics = Metrics::new();
//! let socks = metrics.layer().layer(SocksService::new(TcpConnector::new()));
//! # let _ = socks;
//! // Counts what long sessions relay while they run; before each scrape `update` does the same.
//! tokio::spawn(metrics.update_every(Duration::from_secs(5)));
//! # }
//! ```
//!
//! | metric | kind | labels | what |
//! |---|---|---|---|
//! | `socks_connections_total` | counter | `listener` | connections that were accepted |
//! | `socks_connections_open` | gauge | `listener` | of those, the ones that are open |
//! | `socks_handshakes_total` | counter | `version`, `method`, `result` | handshakes that came to an end |
//! | `socks_sessions_open` | gauge | `command` | tunnels and associations that are open |
//! | `socks_sessions_total` | counter | `command`, `end` | sessions that have ended, those without a request too |
//! | `socks_session_seconds` | histogram | `command` | how long they were, from the accepted connection, if they had a tunnel or association |
//! | `socks_dial_seconds` | histogram | | how long a CONNECT took to reach its target |
//! | `socks_replies_total` | counter | `command`, `code` | what clients were told last: REP, two hexadecimal digits |
//! | `socks_payload_bytes_total` | counter | `command`, `direction` | octets of payload |
//! | `socks_datagrams_total` | counter | `direction` | datagrams that were relayed |
//! | `socks_datagrams_dropped_total` | counter | `reason` | datagrams that were not |
//! | `socks_rules_total` | counter | `rule`, `verdict` | requests that a rule has `allowed` or `refused` |
//! | `socks_limits_reached_total` | counter | `limit` | sessions that a limit has refused or ended |
//!
//! | label | values |
//! |---|---|
//! | `listener` | its name; `none` without one |
//! | `version` | `socks4`, `socks5`; `none` before the first octet |
//! | `method` | of an authenticated client, as [`Method`](socks_core::Method) is shown; `none` before |
//! | `result` | `ok` for a request that could be judged, or [`SessionEnd::name`](crate::SessionEnd::name) |
//! | `command` | `connect`, `bind`, `udp_associate`; `none` before the request |
//! | `direction` | `sent` to targets, `received` from them |
//! | `reason` | [`DropReason::name`](crate::udp::DropReason::name) |
//! | `rule`, `limit` | as the application calls them: the first 256 of each, `other` for more |
//!
//! Nothing that a peer chose is a label (`SE-44`), and each label has a bounded number of values.

mod counted;
mod describe;
mod labels;
mod names;
mod record;
#[cfg(test)]
mod tests;

pub use self::record::{Metrics, MetricsEntry};
use crate::record::RecordLayer;

/// Counts each session; made by [`Metrics::layer`].
pub type MetricsLayer = RecordLayer<Metrics>;

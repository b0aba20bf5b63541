//! One line a session, in JSON or as text.
//!
//! ```
//! use socks_tower::{AccessLog, SocksService, TcpConnector, lines::{Format, LineWriter}};
//! use tower_layer::Layer;
//!
//! # fn main() -> std::io::Result<()> {
//! # let directory = tempfile::tempdir()?;
//! # let path = directory.path().join("access.log");
//! let file = LineWriter::file(path).build()?;
//! let log = AccessLog::new(Format::Json, file.clone()).leave_out("quiet");
//! let socks = log.layer().layer(SocksService::new(TcpConnector::new()));
//! # let _ = socks;
//! // After the file was moved away, on SIGHUP:
//! file.reopen();
//! # Ok(())
//! # }
//! ```
//!
//! The fields of a line are those of [all lines](crate::lines#fields), with `time` in front: when
//! the session ended.
//!
//! A session that was dropped is logged with what is known of it, and `end` is `aborted`.

mod log;
#[cfg(test)]
mod tests;

pub use self::log::AccessLog;
use crate::record::RecordLayer;

/// Logs each session; made by [`AccessLog::layer`].
pub type AccessLogLayer = RecordLayer<AccessLog>;

//! Events for who counts, bills or keeps records by law: a session has started, how it stands, that
//! it has stopped.
//!
//! ```
//! use std::time::Duration;
//!
//! use socks_tower::{SocksService, TcpConnector, accounting::{Accounting, channel}};
//! use tower_layer::Layer;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let (account, mut events) = channel(1024);
//! let accounting = Accounting::new(account);
//! let socks = accounting.layer().layer(SocksService::new(TcpConnector::new()));
//! # let _ = socks;
//! tokio::spawn(accounting.interim_every(Duration::from_secs(300)));
//! tokio::spawn(async move {
//!     while let Some(event) = events.recv().await {
//!         println!("{} {} {}", event.kind.name(), event.report.id, event.report.sent);
//!     }
//! });
//! # }
//! ```
//!
//! **Start** is when the client has what it asked for, a tunnel or an association: then is known
//! who it is and where it goes. What is refused has no start and no stop; the access log has it.
//! **Interim** events come while it goes on, from one timer for all sessions. **Stop** comes once
//! for each start, also for a session that was dropped.
//!
//! Where events go is an [`Account`], which must not block:
//!
//! | account | what |
//! |---|---|
//! | a closure | whatever it does |
//! | [`channel`] | a bounded channel |
//! | [`FileAccount`] | a line of JSON an event |
#![cfg_attr(
    feature = "accounting-sql",
    doc = "| [`SqlAccount`] | a row an event, in PostgreSQL or SQLite |"
)]
//!
//! Each has a bound on what waits and counts what is lost; [`Event::sequence`] shows that to
//! whoever reads the events.

mod account;
mod channel;
mod event;
mod file;
mod record;
#[cfg(feature = "accounting-sql")]
mod sql;
#[cfg(test)]
mod tests;

#[cfg(feature = "accounting-sql")]
pub use self::sql::{SqlAccount, SqlAccountBuilder, SqlAccountError};
pub use self::{
    account::Account,
    channel::{ChannelAccount, channel},
    event::{Event, EventKind},
    file::FileAccount,
    record::{Accounting, AccountingEntry},
};
use crate::record::RecordLayer;

/// Accounts for each session; made by [`Accounting::layer`].
pub type AccountingLayer = RecordLayer<Accounting>;

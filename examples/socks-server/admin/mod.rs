//! The admin address (`[admin]`): what the server is doing, and an end for any session, over HTTP.
//!
//! | path | method | what | file |
//! |---|---|---|---|
//! | `/` | GET | the page, which shows all of this | `page.rs`, `page/` |
//! | `/healthz` | GET | `200` while the process runs | `health.rs` |
//! | `/readyz` | GET | `200` while clients are accepted, `503` while draining | `health.rs` |
//! | `/metrics` | GET | Prometheus' text format | `metrics.rs` |
//! | `/sessions` | GET | sessions, a page of them at once | `sessions.rs`, `row.rs` |
//! | `/sessions?user=NAME` | DELETE | ends all of a user | `sessions.rs` |
//! | `/sessions/{id}` | DELETE | ends one | `sessions.rs` |
//! | `/events` | GET | sessions and throughput once a second, as server-sent events | `events.rs` |
//! | `/rules/explain` | GET, POST | which rule decides about a request | `explain.rs` |
//!
//! What is asked for is answered in full or refused with a line of text that says why (`refusal.rs`); parameters are in
//! the query (`query.rs`).
//!
//! **Who may ask** (`guard.rs`): everybody who reaches the address, which is why that is loopback or a unix
//! socket of the server's own user; with a token, whoever has it. The page, its files, `/healthz` and `/readyz` are
//! open to all, and show nothing. A browser on the machine is made to ask by any web page, so `Host`, `Origin` and
//! `Sec-Fetch-Site` are looked at.
//!
//! **What it costs** (`server.rs`): a thread of its own, so that no question keeps sessions waiting, with bounds for
//! connections, headers and time.

mod config;
mod events;
mod explain;
mod guard;
mod health;
mod listen;
mod metrics;
mod page;
mod query;
mod refusal;
mod router;
mod row;
mod sampler;
mod server;
mod sessions;
mod state;
#[cfg(test)]
mod tests;
mod token;

#[cfg(test)]
use self::explain::Explanation;
pub use self::{
    config::{Admin, Prepared},
    server::{Bound, Serving},
};

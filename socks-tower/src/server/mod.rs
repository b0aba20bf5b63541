//! Accepts connections and serves each with a service.
//!
//! | what | file |
//! |---|---|
//! | [`serve()`]: readiness, accept, one task a session, graceful shutdown | `serve.rs` |
//! | one session: its error and its panic stay its own | `session.rs` |
//! | [`Listener`], [`ListenerExt`] | `listener.rs` |
//! | listeners: TCP, unix, several as one, named, with mapped streams | `tcp.rs`, `unix.rs`, `several.rs`, `named.rs`, `map_io.rs` |
//! | options of a TCP listener: [`TcpListenerOptions`] | `tcp_options.rs` |
//! | accept errors told apart, and the pause when descriptors run out | `accept_error.rs`, `backoff.rs` |
//! | one runtime a thread behind one port: [`Workers`], [`Worker`] | `workers.rs`, `worker.rs` |

mod accept_error;
mod backoff;
mod listener;
mod map_io;
mod named;
mod serve;
mod session;
mod sessions;
mod several;
mod tcp;
mod tcp_options;
#[cfg(unix)]
mod unix;
mod worker;
mod workers;

pub(crate) use self::accept_error::AcceptError;
pub use self::{
    listener::{Listener, ListenerExt},
    map_io::MapIo,
    named::NamedListener,
    serve::{Serve, ServeFuture, serve},
    tcp_options::TcpListenerOptions,
    worker::Worker,
    workers::Workers,
};

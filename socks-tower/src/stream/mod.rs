//! The stream of a handshake and behind it, as the driver, the relay and the client see it.

mod buffers;
mod client_stream;
mod protected;
mod tcp;

pub use self::client_stream::ClientStream;
pub(crate) use self::{
    buffers::Buffers,
    tcp::{broken, reset_on_close, tcp_sink, tcp_source},
};

//! The client's stream as the driver and the relay see it.

mod client_stream;
mod protected;
mod tcp;

pub use self::client_stream::ClientStream;
pub(crate) use self::tcp::reset_on_close;

use std::{any::Any, io};

use tokio::net::TcpStream;

use super::ClientStream;
use crate::client::ClientTunnel;

/// The TCP socket under a stream, looked for in the types that wrap one here.
fn tcp<S: 'static>(stream: &S) -> Option<&TcpStream> {
    let stream = stream as &dyn Any;
    let client = || stream.downcast_ref().map(ClientStream::io);
    let tunnel = || stream.downcast_ref().map(ClientTunnel::io);
    stream.downcast_ref().or_else(client).or_else(tunnel)
}

/// The TCP socket that a stream is read from, if the stream's user reads just what arrives there:
/// nothing was read too far, and there is no protection around it.
pub(crate) fn tcp_source<S: 'static>(stream: &S) -> Option<&TcpStream> {
    let stream = stream as &dyn Any;
    let client = || stream.downcast_ref().and_then(ClientStream::get_plain);
    let tunnel = || stream.downcast_ref().and_then(ClientTunnel::get_plain);
    stream.downcast_ref().or_else(client).or_else(tunnel)
}

/// The TCP socket that a stream is written to, if just what is written goes out there.
pub(crate) fn tcp_sink<S: 'static>(stream: &S) -> Option<&TcpStream> {
    let stream = stream as &dyn Any;
    let client = || stream.downcast_ref().and_then(ClientStream::plain_sink);
    let tunnel = || stream.downcast_ref().and_then(ClientTunnel::plain_sink);
    stream.downcast_ref().or_else(client).or_else(tunnel)
}

/// What has broken the connection under `stream`, if something has and nobody was told yet; this tells
/// it. Of streams other than TCP it is not known.
pub(crate) fn broken<S: 'static>(stream: &S) -> Option<io::Error> {
    tcp(stream)?.take_error().ok()?
}

/// Makes the coming close of `stream` a reset, so that the peer does not take an aborted transfer
/// for a complete one (`SE-49`). Streams other than TCP just close.
pub(crate) fn reset_on_close<S: 'static>(stream: &S) {
    if let Some(tcp) = tcp(stream) {
        // It fails for a socket that is gone already, and then there is nobody to tell.
        let _ = tcp.set_zero_linger();
    }
}

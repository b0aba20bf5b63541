use std::any::Any;

use tokio::net::TcpStream;

use super::ClientStream;

/// The TCP socket under a stream, looked for in the types that wrap one here.
fn tcp<S: 'static>(stream: &S) -> Option<&TcpStream> {
    let stream = stream as &dyn Any;
    stream.downcast_ref::<TcpStream>().or_else(|| {
        stream
            .downcast_ref::<ClientStream<TcpStream>>()
            .map(ClientStream::io)
    })
}

/// Makes the coming close of `stream` a reset, so that the peer does not take an aborted transfer
/// for a complete one (`SE-49`). Streams other than TCP just close.
pub(crate) fn reset_on_close<S: 'static>(stream: &S) {
    if let Some(tcp) = tcp(stream) {
        // It fails for a socket that is gone already, and then there is nobody to tell.
        let _ = tcp.set_zero_linger();
    }
}

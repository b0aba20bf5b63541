use std::{any::Any, io};

use tokio::net::TcpStream;

use super::ClientStream;
use crate::{client::ClientTunnel, inspect::InspectedStream};

/// The TCP socket under a stream, looked for in the types that wrap one here.
fn tcp(stream: &dyn Any) -> Option<&TcpStream> {
    let client = || stream.downcast_ref().map(ClientStream::io);
    let tunnel = || stream.downcast_ref().map(ClientTunnel::io);
    let inspected = || tcp(inspected(stream)?.io);
    let direct = stream.downcast_ref().or_else(client).or_else(tunnel);
    direct.or_else(inspected)
}

/// The TCP socket that a stream is read from, if the stream's user reads just what arrives there:
/// nothing was read too far, there is no protection around it, and nobody inspects it.
pub(crate) fn tcp_source<S: 'static>(stream: &S) -> Option<&TcpStream> {
    source(stream)
}

fn source(stream: &dyn Any) -> Option<&TcpStream> {
    let client = || stream.downcast_ref().and_then(ClientStream::get_plain);
    let tunnel = || stream.downcast_ref().and_then(ClientTunnel::get_plain);
    let inspected = || source(inspected(stream)?.plain?);
    let direct = stream.downcast_ref().or_else(client).or_else(tunnel);
    direct.or_else(inspected)
}

/// The TCP socket that a stream is written to, if just what is written goes out there.
pub(crate) fn tcp_sink<S: 'static>(stream: &S) -> Option<&TcpStream> {
    sink(stream)
}

fn sink(stream: &dyn Any) -> Option<&TcpStream> {
    let client = || stream.downcast_ref().and_then(ClientStream::plain_sink);
    let tunnel = || stream.downcast_ref().and_then(ClientTunnel::plain_sink);
    let inspected = || sink(inspected(stream)?.io);
    let direct = stream.downcast_ref().or_else(client).or_else(tunnel);
    direct.or_else(inspected)
}

/// A stream that is or was inspected.
struct Inspected<'a> {
    io: &'a dyn Any,
    /// The same, if nothing is inspected any more.
    plain: Option<&'a dyn Any>,
}

/// The streams that inspection is looked for around, by itself and around another one.
fn inspected(stream: &dyn Any) -> Option<Inspected<'_>> {
    fn around<S: 'static>(stream: &dyn Any) -> Option<Inspected<'_>> {
        fn inside<S: 'static>(stream: &InspectedStream<S>) -> Inspected<'_> {
            Inspected {
                io: stream.io(),
                plain: stream.get_plain().map(|plain| plain as &dyn Any),
            }
        }
        let twice = || {
            let stream = stream.downcast_ref::<InspectedStream<InspectedStream<S>>>();
            stream.map(inside)
        };
        let once = stream.downcast_ref::<InspectedStream<S>>();
        once.map(inside).or_else(twice)
    }
    around::<TcpStream>(stream)
        .or_else(|| around::<ClientStream<TcpStream>>(stream))
        .or_else(|| around::<ClientTunnel<TcpStream>>(stream))
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

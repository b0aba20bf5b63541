use std::{any::Any, io};

use tokio::net::TcpStream;

use super::ClientStream;
use crate::{client::ClientTunnel, inspect::InspectedStream};

// The type of a stream is known wherever one of these is called, and with all of it in one function the compiler
// sees which of the types it is. Called, each comparison would cost more than what a relay does with a message.

/// The TCP socket under a stream, looked for in the types that wrap one here.
#[inline(always)]
fn tcp(stream: &dyn Any) -> Option<&TcpStream> {
    direct_tcp(stream).or_else(|| direct_tcp(inspected(stream)?.io))
}

#[inline(always)]
fn direct_tcp(stream: &dyn Any) -> Option<&TcpStream> {
    let client = || stream.downcast_ref().map(ClientStream::io);
    let tunnel = || stream.downcast_ref().map(ClientTunnel::io);
    stream.downcast_ref().or_else(client).or_else(tunnel)
}

/// The TCP socket that a stream is read from, if the stream's user reads just what arrives there:
/// nothing was read too far, there is no protection around it, and nobody inspects it.
#[inline(always)]
pub(crate) fn tcp_source<S: 'static>(stream: &S) -> Option<&TcpStream> {
    direct_source(stream).or_else(|| direct_source(inspected(stream)?.plain?))
}

#[inline(always)]
fn direct_source(stream: &dyn Any) -> Option<&TcpStream> {
    let client = || stream.downcast_ref().and_then(ClientStream::get_plain);
    let tunnel = || stream.downcast_ref().and_then(ClientTunnel::get_plain);
    stream.downcast_ref().or_else(client).or_else(tunnel)
}

/// The TCP socket that a stream is written to, if just what is written goes out there.
#[inline(always)]
pub(crate) fn tcp_sink<S: 'static>(stream: &S) -> Option<&TcpStream> {
    direct_sink(stream).or_else(|| direct_sink(inspected(stream)?.io))
}

#[inline(always)]
fn direct_sink(stream: &dyn Any) -> Option<&TcpStream> {
    let client = || stream.downcast_ref().and_then(ClientStream::plain_sink);
    let tunnel = || stream.downcast_ref().and_then(ClientTunnel::plain_sink);
    stream.downcast_ref().or_else(client).or_else(tunnel)
}

/// A stream that is or was inspected.
struct Inspected<'a> {
    io: &'a dyn Any,
    /// The same, if nothing is inspected any more.
    plain: Option<&'a dyn Any>,
}

/// The streams that inspection is looked for around, once and twice.
#[inline(always)]
fn inspected(stream: &dyn Any) -> Option<Inspected<'_>> {
    around::<TcpStream>(stream)
        .or_else(|| around::<ClientStream<TcpStream>>(stream))
        .or_else(|| around::<ClientTunnel<TcpStream>>(stream))
}

#[inline(always)]
fn around<S: 'static>(stream: &dyn Any) -> Option<Inspected<'_>> {
    type Once<S> = InspectedStream<S>;
    if let Some(once) = stream.downcast_ref::<Once<S>>() {
        return Some(Inspected {
            io: once.io(),
            plain: once.get_plain().map(|plain| plain as &dyn Any),
        });
    }
    let twice = stream.downcast_ref::<Once<Once<S>>>()?;
    let plain = twice.get_plain().and_then(Once::get_plain);
    Some(Inspected {
        io: twice.io().io(),
        plain: plain.map(|plain| plain as &dyn Any),
    })
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

use std::{
    fmt, io,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use socks_core::Address;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::ClientStream;

/// A connection to the target, through the proxy.
///
/// What the target said in the same segment as the proxy's reply is read first (`R5-53`), and a
/// method's protection, if one was negotiated, is around everything (`R5-54`).
pub struct ClientTunnel<S> {
    stream: ClientStream<S>,
    bound: Address,
}

/// What a [`ClientTunnel`] consists of.
#[derive(Debug)]
#[non_exhaustive]
pub struct TunnelParts<S> {
    /// The stream to the proxy.
    pub stream: S,
    /// What was read from it already and belongs in front of everything else.
    pub early: Bytes,
}

impl<S> ClientTunnel<S> {
    pub(super) fn new(stream: ClientStream<S>, bound: Address) -> Self {
        Self { stream, bound }
    }

    /// BND of the last reply: for CONNECT the proxy's outgoing address, if the proxy tells it;
    /// nothing may depend on that (`R5-56`, `S4-12`). For BIND the peer.
    pub fn bound(&self) -> &Address {
        &self.bound
    }

    /// The stream to the proxy, if what goes over it is exactly what the application sees: nothing
    /// was read too far and there is no protection.
    pub fn get_plain(&self) -> Option<&S> {
        self.stream.get_plain()
    }

    /// Takes the tunnel apart, for a caller that goes on with the stream alone.
    ///
    /// # Errors
    ///
    /// The tunnel itself, if a method's protection is around the stream: without it the stream is
    /// of no use.
    pub fn into_parts(self) -> Result<TunnelParts<S>, Self> {
        let Self { stream, bound } = self;
        match stream.into_unprotected() {
            Ok((stream, early)) => Ok(TunnelParts { stream, early }),
            Err(stream) => Err(Self { stream, bound }),
        }
    }

    pub(crate) fn plain_sink(&self) -> Option<&S> {
        self.stream.plain_sink()
    }

    pub(crate) fn io(&self) -> &S {
        self.stream.io()
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for ClientTunnel<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for ClientTunnel<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl<S> fmt::Debug for ClientTunnel<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientTunnel")
            .field("bound", &self.bound)
            .finish_non_exhaustive()
    }
}

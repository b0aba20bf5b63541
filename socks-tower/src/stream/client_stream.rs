use std::{
    fmt, io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use socks_core::subnegotiation::{DatagramProtection, Protection};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::protected::Protected;

/// A connection behind the handshake: what the other side sent early comes first, and a method's
/// protection, if one was negotiated, is around everything (`R5-7`, `R5-54`).
///
/// It is how a server has its client's connection. A client's own is a
/// [`ClientTunnel`](crate::client::ClientTunnel), with one of these inside.
pub struct ClientStream<Io> {
    io: Io,
    /// Nothing for nearly every tunnel, and then it costs one word.
    between: Option<Box<Between>>,
}

/// What is between a stream and its user.
#[derive(Default)]
struct Between {
    /// What was read too far, and with `ended` that the end was seen behind it.
    early: Bytes,
    ended: bool,
    protected: Option<Protected>,
}

impl<Io> ClientStream<Io> {
    pub(crate) fn new(io: Io) -> Self {
        Self { io, between: None }
    }

    /// Puts octets that were read too far in front of what is to come. With `ended`, the end of
    /// the stream was seen behind them.
    pub(crate) fn unread(&mut self, early: Bytes, ended: bool) {
        if !early.is_empty() || ended {
            let between = self.between.get_or_insert_default();
            (between.early, between.ended) = (early, ended);
        }
    }

    /// From here on everything is protected. `input` is what was read too far.
    pub(crate) fn protect(&mut self, protection: Box<dyn Protection>, input: &[u8]) {
        let between = self.between.get_or_insert_default();
        between.protected = Some(Protected::new(protection, input));
    }

    /// The stream below, if what goes over it is exactly what the application sees: nothing was
    /// read too far and there is no protection.
    pub fn get_plain(&self) -> Option<&Io> {
        self.between.is_none().then_some(&self.io)
    }

    /// The stream below, if exactly what is written here goes over it.
    pub(crate) fn plain_sink(&self) -> Option<&Io> {
        (!self.is_protected()).then_some(&self.io)
    }

    /// The stream itself, under the condition of [`get_plain`](Self::get_plain).
    ///
    /// # Errors
    ///
    /// Gives this back if there is more to it than the stream.
    pub fn into_plain(self) -> Result<Io, Self> {
        match self.between {
            None => Ok(self.io),
            Some(_) => Err(self),
        }
    }

    /// The stream below and what was read too far, unless there is protection.
    pub(crate) fn into_unprotected(self) -> Result<(Io, Bytes), Self> {
        match self.is_protected() {
            false => Ok((self.io, self.between.unwrap_or_default().early)),
            true => Err(self),
        }
    }

    pub(crate) fn is_protected(&self) -> bool {
        self.protected().is_some()
    }

    /// What goes around the datagrams of the same session.
    pub(crate) fn datagram_protection(&self) -> Option<Arc<dyn DatagramProtection>> {
        self.protected()?.datagrams()
    }

    pub(crate) fn io(&self) -> &Io {
        &self.io
    }

    fn protected(&self) -> Option<&Protected> {
        self.between.as_ref()?.protected.as_ref()
    }

    /// The stream and its protection, if there is one.
    fn parts(&mut self) -> (&mut Io, Option<&mut Protected>) {
        let between = self.between.as_mut();
        let protected = between.and_then(|between| between.protected.as_mut());
        (&mut self.io, protected)
    }
}

impl<Io: AsyncRead + AsyncWrite + Unpin> AsyncRead for ClientStream<Io> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if let Some(between) = &mut this.between {
            let early = &mut between.early;
            if !early.is_empty() {
                buf.put_slice(&early.split_to(early.len().min(buf.remaining())));
                if early.is_empty() && !between.ended && between.protected.is_none() {
                    this.between = None;
                }
                return Poll::Ready(Ok(()));
            }
            if between.ended {
                return Poll::Ready(Ok(()));
            }
        }
        match this.parts() {
            (io, None) => Pin::new(io).poll_read(cx, buf),
            (io, Some(protected)) => protected.poll_read(io, cx, buf),
        }
    }
}

impl<Io: AsyncRead + AsyncWrite + Unpin> AsyncWrite for ClientStream<Io> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.parts() {
            (io, None) => Pin::new(io).poll_write(cx, buf),
            (io, Some(protected)) => protected.poll_write(io, cx, buf),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let (io, protected) = self.parts();
        if let Some(protected) = protected {
            std::task::ready!(protected.poll_flush(io, cx))?;
        }
        Pin::new(io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let (io, protected) = self.parts();
        if let Some(protected) = protected {
            std::task::ready!(protected.poll_flush(io, cx))?;
        }
        Pin::new(io).poll_shutdown(cx)
    }
}

impl<Io> fmt::Debug for ClientStream<Io> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientStream")
            .field(
                "early",
                &self
                    .between
                    .as_ref()
                    .map_or(0, |between| between.early.len()),
            )
            .field("protected", &self.is_protected())
            .finish_non_exhaustive()
    }
}

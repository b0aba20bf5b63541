use std::{
    fmt, io,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::{Buf, Bytes};
use socks_core::subnegotiation::Protection;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::protected::Protected;

/// A connection behind the handshake: what the other side sent early comes first, and a method's
/// protection, if one was negotiated, is around everything (`R5-7`, `R5-54`).
///
/// It is how a server has its client's connection. A client's own is a
/// [`ClientTunnel`](crate::client::ClientTunnel), with one of these inside.
pub struct ClientStream<Io> {
    io: Io,
    early: Bytes,
    ended: bool,
    protected: Option<Box<Protected>>,
}

impl<Io> ClientStream<Io> {
    pub(crate) fn new(io: Io) -> Self {
        Self {
            io,
            early: Bytes::new(),
            ended: false,
            protected: None,
        }
    }

    /// Puts octets that were read too far in front of what is to come. With `ended`, the end of
    /// the stream was seen behind them.
    pub(crate) fn unread(&mut self, early: Bytes, ended: bool) {
        self.early = early;
        self.ended = ended;
    }

    /// From here on everything is protected. `input` is what was read too far.
    pub(crate) fn protect(&mut self, protection: Box<dyn Protection>, input: &[u8]) {
        self.protected = Some(Box::new(Protected::new(protection, input)));
    }

    /// The stream below, if what goes over it is exactly what the application sees: nothing was
    /// read too far and there is no protection.
    pub fn get_plain(&self) -> Option<&Io> {
        (self.early.is_empty() && !self.ended && self.protected.is_none()).then_some(&self.io)
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
        match self.get_plain() {
            Some(_) => Ok(self.io),
            None => Err(self),
        }
    }

    /// The stream below and what was read too far, unless there is protection.
    pub(crate) fn into_unprotected(self) -> Result<(Io, Bytes), Self> {
        match self.protected {
            None => Ok((self.io, self.early)),
            Some(_) => Err(self),
        }
    }

    pub(crate) fn is_protected(&self) -> bool {
        self.protected.is_some()
    }

    pub(crate) fn io(&self) -> &Io {
        &self.io
    }
}

impl<Io: AsyncRead + AsyncWrite + Unpin> AsyncRead for ClientStream<Io> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if !this.early.is_empty() {
            let early = this.early.split_to(this.early.len().min(buf.remaining()));
            buf.put_slice(early.chunk());
            return Poll::Ready(Ok(()));
        }
        match &mut this.protected {
            _ if this.ended => Poll::Ready(Ok(())),
            None => Pin::new(&mut this.io).poll_read(cx, buf),
            Some(protected) => protected.poll_read(&mut this.io, cx, buf),
        }
    }
}

impl<Io: AsyncRead + AsyncWrite + Unpin> AsyncWrite for ClientStream<Io> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        match &mut this.protected {
            None => Pin::new(&mut this.io).poll_write(cx, buf),
            Some(protected) => protected.poll_write(&mut this.io, cx, buf),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if let Some(protected) = &mut this.protected {
            std::task::ready!(protected.poll_flush(&mut this.io, cx))?;
        }
        Pin::new(&mut this.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if let Some(protected) = &mut this.protected {
            std::task::ready!(protected.poll_flush(&mut this.io, cx))?;
        }
        Pin::new(&mut this.io).poll_shutdown(cx)
    }
}

impl<Io> fmt::Debug for ClientStream<Io> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientStream")
            .field("early", &self.early.len())
            .field("protected", &self.protected.is_some())
            .finish_non_exhaustive()
    }
}

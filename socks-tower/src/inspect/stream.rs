use std::{
    fmt, io,
    pin::Pin,
    task::{Context, Poll},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::half::Half;

/// A stream that is inspected where it is read, for as long as an inspector wants to see what comes.
pub struct InspectedStream<S> {
    io: S,
    /// Nothing without an inspector, and then it costs one word.
    half: Option<Box<Half>>,
}

impl<S> InspectedStream<S> {
    pub(super) fn new(io: S, half: Option<Half>) -> Self {
        let half = half.map(Box::new);
        Self { io, half }
    }

    /// The stream below, if exactly what arrives there is read from this one.
    pub fn get_plain(&self) -> Option<&S> {
        self.half.is_none().then_some(&self.io)
    }

    /// What is written here goes there as it is.
    pub(crate) fn io(&self) -> &S {
        &self.io
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for InspectedStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let Some(half) = &mut this.half else {
            return Pin::new(&mut this.io).poll_read(cx, buf);
        };
        let read = half.poll_read(&mut this.io, cx, buf);
        if half.is_spent() {
            this.half = None;
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for InspectedStream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

impl<S> fmt::Debug for InspectedStream<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InspectedStream")
            .field("half", &self.half)
            .finish_non_exhaustive()
    }
}

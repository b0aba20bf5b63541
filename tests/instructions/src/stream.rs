use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Says one message after the other, then its end, and takes everything. Before each message it has
/// nothing to read once, as a socket has.
pub(crate) struct Scripted {
    messages: &'static [&'static [u8]],
    ready: bool,
}

impl Scripted {
    pub(crate) fn new(messages: &'static [&'static [u8]]) -> Self {
        Self {
            messages,
            ready: false,
        }
    }
}

impl AsyncRead for Scripted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.ready = !self.ready;
        if self.ready {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        if let Some((message, rest)) = self.messages.split_first() {
            buf.put_slice(message);
            self.messages = rest;
        }
        Poll::Ready(Ok(()))
    }
}

/// Says `left` messages of so many octets, in parts where there is less room. It copies nothing, since
/// that would be all that is counted.
pub(crate) struct Messages {
    left: usize,
    octets: usize,
    said: usize,
    ready: bool,
}

impl Messages {
    pub(crate) fn new(left: usize, octets: usize) -> Self {
        Self {
            left,
            octets,
            said: 0,
            ready: false,
        }
    }
}

impl AsyncRead for Messages {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.said == 0 && !self.ready {
            self.ready = true;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        if self.left > 0 {
            let more = buf.remaining().min(self.octets - self.said);
            buf.initialize_unfilled_to(more);
            buf.advance(more);
            self.said += more;
            if self.said == self.octets {
                self.left -= 1;
                self.said = 0;
                self.ready = false;
            }
        }
        Poll::Ready(Ok(()))
    }
}

macro_rules! takes_everything {
    ($stream:ty) => {
        impl AsyncWrite for $stream {
            fn poll_write(
                self: Pin<&mut Self>,
                _: &mut Context<'_>,
                octets: &[u8],
            ) -> Poll<io::Result<usize>> {
                Poll::Ready(Ok(octets.len()))
            }

            fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
                Poll::Ready(Ok(()))
            }

            fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
                Poll::Ready(Ok(()))
            }
        }
    };
}

takes_everything!(Scripted);
takes_everything!(Messages);

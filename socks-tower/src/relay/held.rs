use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::io::AsyncWrite;

use super::{pipe::Pipe, splicing};
use crate::stream::tcp_sink;

/// What a sink did not take yet.
#[derive(Debug)]
pub(super) enum Held {
    /// Octets, from `written` on.
    Octets { octets: Box<[u8]>, written: usize },
    /// What a pipe holds, for a sink that is a plain TCP socket.
    Piped(Pipe),
}

impl Held {
    pub(super) fn octets(octets: &[u8]) -> Self {
        Self::Octets {
            octets: octets.into(),
            written: 0,
        }
    }

    /// Hands octets to the sink and answers with those that it did not take.
    pub(super) fn write<'a, W: AsyncWrite + Unpin>(
        cx: &mut Context<'_>,
        sink: &mut W,
        mut octets: &'a [u8],
        moved: &mut dyn FnMut(usize),
    ) -> io::Result<&'a [u8]> {
        while !octets.is_empty() {
            let Poll::Ready(written) = Pin::new(&mut *sink).poll_write(cx, octets)? else {
                break;
            };
            // A sink that takes nothing and is not pending would be asked for ever.
            if written == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
            moved(written);
            octets = octets.get(written..).unwrap_or_default();
        }
        Ok(octets)
    }

    /// Gives the sink all that is left.
    pub(super) fn poll_write<W: AsyncWrite + Unpin + 'static>(
        &mut self,
        cx: &mut Context<'_>,
        sink: &mut W,
        moved: &mut dyn FnMut(usize),
    ) -> Poll<io::Result<()>> {
        match self {
            Self::Octets { octets, written } => {
                let left = octets.get(*written..).unwrap_or_default();
                let rest = Self::write(cx, sink, left, moved)?;
                *written = octets.len() - rest.len();
                match rest.is_empty() {
                    true => Poll::Ready(Ok(())),
                    false => Poll::Pending,
                }
            }
            Self::Piped(pipe) => {
                let sink = tcp_sink(sink).ok_or(io::ErrorKind::Unsupported)?;
                Poll::Ready(ready!(splicing::poll_drain(cx, pipe, sink, moved)))
            }
        }
    }

    /// Lets the thread's next flow have the pipe.
    pub(super) fn put_back(self) {
        if let Self::Piped(pipe) = self {
            pipe.put_back();
        }
    }
}

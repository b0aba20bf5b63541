use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::scratch::MAX_CHUNK;

/// One way through a tunnel.
///
/// Octets go from the source through the thread's buffer straight to the sink. Only what the sink
/// did not take is kept, in a buffer of that size, and reading stops until it is gone (`SE-22`).
#[derive(Debug)]
pub(super) struct Direction {
    /// What the sink did not take yet, from `written` on.
    remainder: Vec<u8>,
    written: usize,
    /// Octets the next read may take: grows while the sink takes everything, shrinks when not, so
    /// that a slow reader pins little memory.
    chunk: usize,
    state: State,
    unflushed: bool,
    discarded: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Copying,
    /// The source has ended; the sink gets what is left and then the end (`SE-51`).
    Ending,
    /// The sink is gone after all that mattered was said: what still comes is thrown away.
    Discarding,
    Done,
}

/// Which half of the direction failed.
#[derive(Debug)]
pub(super) enum Fault {
    Source(io::Error),
    Sink(io::Error),
}

const MIN_CHUNK: usize = 16 * 1024;

/// Chunks a direction moves before it lets others have the thread.
const BUDGET: usize = 8;

/// Octets thrown away at most for a sink that is gone (`SE-46`).
const MAX_DISCARD: usize = 64 * 1024;

impl Direction {
    pub(super) const fn new() -> Self {
        Self {
            remainder: Vec::new(),
            written: 0,
            chunk: MIN_CHUNK,
            state: State::Copying,
            unflushed: false,
            discarded: 0,
        }
    }

    pub(super) fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// Gives the sink up and throws away what the source still says, until it ends or 64 KiB came.
    pub(super) fn discard(&mut self) {
        self.remainder = Vec::new();
        self.state = State::Discarding;
    }

    /// Moves what can be moved now. `moved` is told of every octet that the sink took.
    pub(super) fn poll_copy<R, W>(
        &mut self,
        cx: &mut Context<'_>,
        source: &mut R,
        sink: &mut W,
        scratch: &mut [u8],
        moved: &mut dyn FnMut(usize),
    ) -> Poll<Result<(), Fault>>
    where
        R: AsyncRead + Unpin,
        W: AsyncWrite + Unpin,
    {
        for _ in 0..BUDGET {
            match self.state {
                State::Done => return Poll::Ready(Ok(())),
                State::Copying | State::Ending => {
                    ready!(self.poll_remainder(cx, sink, moved)).map_err(Fault::Sink)?;
                }
                State::Discarding => {}
            }
            if self.state == State::Ending {
                ready!(Pin::new(&mut *sink).poll_shutdown(cx)).map_err(Fault::Sink)?;
                self.state = State::Done;
                return Poll::Ready(Ok(()));
            }
            let limit = self.chunk.min(scratch.len());
            let mut buf = ReadBuf::new(scratch.get_mut(..limit).unwrap_or_default());
            match Pin::new(&mut *source).poll_read(cx, &mut buf) {
                Poll::Ready(result) => result.map_err(Fault::Source)?,
                Poll::Pending => {
                    // A sink with a buffer of its own, such as TLS, must not sit on the last
                    // octets while the source is silent.
                    if self.unflushed {
                        ready!(Pin::new(&mut *sink).poll_flush(cx)).map_err(Fault::Sink)?;
                        self.unflushed = false;
                    }
                    return Poll::Pending;
                }
            }
            match (buf.filled(), self.state) {
                ([], State::Discarding) => self.state = State::Done,
                ([], _) => self.state = State::Ending,
                (octets, State::Discarding) => {
                    self.discarded += octets.len();
                    if self.discarded > MAX_DISCARD {
                        self.state = State::Done;
                    }
                }
                (octets, _) => self.write(cx, sink, octets, moved).map_err(Fault::Sink)?,
            }
        }
        // More is there: come back after the other tasks of this thread had their turn.
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Hands a chunk to the sink and keeps what it does not take.
    fn write<W: AsyncWrite + Unpin>(
        &mut self,
        cx: &mut Context<'_>,
        sink: &mut W,
        mut octets: &[u8],
        moved: &mut dyn FnMut(usize),
    ) -> io::Result<()> {
        let full = octets.len() == self.chunk;
        while !octets.is_empty() {
            let Poll::Ready(written) = Pin::new(&mut *sink).poll_write(cx, octets)? else {
                self.chunk = (self.chunk / 2).max(MIN_CHUNK);
                self.remainder = octets.to_vec();
                self.written = 0;
                return Ok(());
            };
            let written = taken(written)?;
            self.unflushed = true;
            moved(written);
            octets = octets.get(written..).unwrap_or_default();
        }
        if full {
            self.chunk = (self.chunk * 2).min(MAX_CHUNK);
        }
        Ok(())
    }

    fn poll_remainder<W: AsyncWrite + Unpin>(
        &mut self,
        cx: &mut Context<'_>,
        sink: &mut W,
        moved: &mut dyn FnMut(usize),
    ) -> Poll<io::Result<()>> {
        while let Some(rest) = self
            .remainder
            .get(self.written..)
            .filter(|rest| !rest.is_empty())
        {
            let written = taken(ready!(Pin::new(&mut *sink).poll_write(cx, rest))?)?;
            self.written += written;
            self.unflushed = true;
            moved(written);
        }
        // Given back at once: an idle tunnel holds no buffer.
        self.remainder = Vec::new();
        self.written = 0;
        Poll::Ready(Ok(()))
    }
}

/// A sink that takes nothing and is not pending would be asked for ever.
fn taken(written: usize) -> io::Result<usize> {
    if written == 0 {
        Err(io::ErrorKind::WriteZero.into())
    } else {
        Ok(written)
    }
}

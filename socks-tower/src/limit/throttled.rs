use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{Meter, MeterFlow};
use crate::{Side, udp::Direction};

/// A stream that moves octets as a [`Meter`] lets it: for relays that know nothing of limits.
///
/// Put it around one stream of a tunnel, not around both: each octet passes both. A stream that is
/// throttled so is never spliced.
///
/// # Cancel safety
///
/// Reads and writes are as cancel safe as the stream's own.
#[derive(Debug)]
pub struct Throttled<Io> {
    io: Io,
    reads: MeterFlow,
    writes: MeterFlow,
}

impl<Io> Throttled<Io> {
    /// Wraps the stream of one side: what is read from the client goes up, what is read from a target
    /// comes down.
    pub fn new(io: Io, side: Side, meter: &Meter) -> Self {
        let (reads, writes) = match side {
            Side::Client => (Direction::ToTarget, Direction::ToClient),
            Side::Target => (Direction::ToClient, Direction::ToTarget),
        };
        Self {
            io,
            reads: meter.flow(reads),
            writes: meter.flow(writes),
        }
    }

    /// The stream.
    pub fn into_inner(self) -> Io {
        self.io
    }
}

impl<Io: AsyncRead + Unpin> AsyncRead for Throttled<Io> {
    /// Fails with [`QuotaExceeded`](io::ErrorKind::QuotaExceeded) and a
    /// [`VolumeUsedUp`](super::VolumeUsedUp) in it once a volume is used up.
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let granted = ready!(this.reads.poll_grant(cx)).map_err(io::Error::from)?;
        let room = buf.remaining().min(granted);
        // A part of the buffer's own memory: what is read is where it belongs.
        let mut part = ReadBuf::new(buf.initialize_unfilled_to(room));
        let read = Pin::new(&mut this.io).poll_read(cx, &mut part);
        let octets = part.filled().len();
        match read {
            Poll::Ready(Ok(())) if octets > 0 => {
                buf.advance(octets);
                this.reads.used(octets);
            }
            _ => this.reads.release(),
        }
        read
    }
}

impl<Io: AsyncWrite + Unpin> AsyncWrite for Throttled<Io> {
    /// Fails as [`poll_read`](AsyncRead::poll_read) does.
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let granted = ready!(this.writes.poll_grant(cx)).map_err(io::Error::from)?;
        let part = buf.get(..granted).unwrap_or(buf);
        let written = Pin::new(&mut this.io).poll_write(cx, part);
        match &written {
            Poll::Ready(Ok(octets)) if *octets > 0 => this.writes.used(*octets),
            _ => this.writes.release(),
        }
        written
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        this.writes.release();
        Pin::new(&mut this.io).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        this.writes.release();
        Pin::new(&mut this.io).poll_shutdown(cx)
    }
}

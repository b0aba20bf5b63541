use std::{
    io,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::BufMut;
use socks_core::subnegotiation::{DatagramProtection, Protection, ProtectionError};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};

/// Octets read at a time.
const CHUNK: usize = 64 * 1024;

/// A method's protection with the octets that are on their way through it.
///
/// Each way there is a frame at most, and what one read brings with its end. The buffers are given
/// back when they are empty, so that an idle tunnel holds none.
pub(super) struct Protected {
    protection: Box<dyn Protection>,
    /// Frames from the client, the last one perhaps incomplete.
    frames_in: Vec<u8>,
    plain_in: Remaining,
    /// Frames to the client that are not written yet.
    frames_out: Remaining,
}

/// Octets that are taken from the front.
#[derive(Default)]
struct Remaining {
    octets: Vec<u8>,
    taken: usize,
}

impl Remaining {
    fn get(&self) -> &[u8] {
        self.octets.get(self.taken..).unwrap_or_default()
    }

    /// The last one taken, the memory goes.
    fn take(&mut self, octets: usize) {
        self.taken += octets;
        if self.taken >= self.octets.len() {
            *self = Self::default();
        }
    }
}

impl Protected {
    pub(super) fn new(protection: Box<dyn Protection>, input: &[u8]) -> Self {
        Self {
            protection,
            frames_in: input.to_vec(),
            plain_in: Remaining::default(),
            frames_out: Remaining::default(),
        }
    }

    pub(super) fn datagrams(&self) -> Option<Arc<dyn DatagramProtection>> {
        self.protection.datagrams()
    }

    pub(super) fn poll_read(
        &mut self,
        io: &mut (impl AsyncRead + Unpin),
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            self.unwrap()?;
            let plain = self.plain_in.get();
            if !plain.is_empty() {
                let len = plain.len().min(buf.remaining());
                buf.put_slice(plain.get(..len).unwrap_or_default());
                self.plain_in.take(len);
                return Poll::Ready(Ok(()));
            }
            // An incomplete frame as long as a whole one may be will never be complete.
            if self.frames_in.len() > self.protection.frame_limit() {
                return Poll::Ready(Err(failed(ProtectionError)));
            }
            match ready!(self.poll_fill(io, cx))? {
                // The stream may end between frames only (GS-23).
                0 if self.frames_in.is_empty() => return Poll::Ready(Ok(())),
                0 => return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into())),
                _ => {}
            }
        }
    }

    fn poll_fill(
        &mut self,
        io: &mut (impl AsyncRead + Unpin),
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        self.frames_in.reserve(CHUNK);
        let mut room = (&mut self.frames_in).limit(CHUNK);
        let read = pin!(io.read_buf(&mut room)).poll(cx);
        if self.frames_in.is_empty() {
            self.frames_in = Vec::new();
        }
        read
    }

    /// Only when what was unwrapped before is used up.
    fn unwrap(&mut self) -> io::Result<()> {
        if self.frames_in.is_empty() || !self.plain_in.get().is_empty() {
            return Ok(());
        }
        let mut plain = Vec::new();
        let mut rest = self.frames_in.as_slice();
        self.protection
            .unwrap(&mut rest, &mut plain)
            .map_err(failed)?;
        let consumed = self.frames_in.len() - rest.len();
        self.frames_in.drain(..consumed);
        self.plain_in = Remaining {
            octets: plain,
            taken: 0,
        };
        Ok(())
    }

    /// Takes octets only when the frames before them are out, so that one frame at most waits.
    pub(super) fn poll_write(
        &mut self,
        io: &mut (impl AsyncWrite + Unpin),
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_flush(io, cx))?;
        if buf.is_empty() {
            return Poll::Ready(Ok(0));
        }
        let content = self.protection.frame_content().max(1);
        let plain = buf.get(..content).unwrap_or(buf);
        let mut frames = Vec::new();
        self.protection.wrap(plain, &mut frames).map_err(failed)?;
        self.frames_out = Remaining {
            octets: frames,
            taken: 0,
        };
        if let Poll::Ready(Err(error)) = self.poll_flush(io, cx) {
            return Poll::Ready(Err(error));
        }
        Poll::Ready(Ok(plain.len()))
    }

    pub(super) fn poll_flush(
        &mut self,
        io: &mut (impl AsyncWrite + Unpin),
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            let frames = self.frames_out.get();
            if frames.is_empty() {
                return Poll::Ready(Ok(()));
            }
            match ready!(Pin::new(&mut *io).poll_write(cx, frames))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                written => self.frames_out.take(written),
            }
        }
    }
}

fn failed(error: ProtectionError) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}

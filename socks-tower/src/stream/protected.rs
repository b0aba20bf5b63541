use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::{Buf, BytesMut};
use socks_core::subnegotiation::{Protection, ProtectionError};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Octets read or wrapped at a time.
const CHUNK: usize = 16 * 1024;

/// A method's protection with the octets that are on their way through it.
pub(super) struct Protected {
    protection: Box<dyn Protection>,
    /// Frames from the client, the last one perhaps incomplete.
    frames_in: Vec<u8>,
    plain_in: BytesMut,
    /// Frames to the client that are not written yet.
    frames_out: BytesMut,
}

impl Protected {
    pub(super) fn new(protection: Box<dyn Protection>, input: &[u8]) -> Self {
        Self {
            protection,
            frames_in: input.to_vec(),
            plain_in: BytesMut::new(),
            frames_out: BytesMut::new(),
        }
    }

    pub(super) fn poll_read(
        &mut self,
        io: &mut (impl AsyncRead + Unpin),
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            self.unwrap()?;
            if !self.plain_in.is_empty() {
                let len = self.plain_in.len().min(buf.remaining());
                buf.put_slice(self.plain_in.split_to(len).chunk());
                return Poll::Ready(Ok(()));
            }
            // An incomplete frame as long as a whole one may be will never be complete.
            if self.frames_in.len() > self.protection.frame_limit() {
                return Poll::Ready(Err(failed(ProtectionError)));
            }
            let mut chunk = [0; CHUNK];
            let mut chunk = ReadBuf::new(&mut chunk);
            ready!(Pin::new(&mut *io).poll_read(cx, &mut chunk))?;
            if chunk.filled().is_empty() {
                // The stream may end between frames only (GS-23).
                return Poll::Ready(match self.frames_in.is_empty() {
                    true => Ok(()),
                    false => Err(io::ErrorKind::UnexpectedEof.into()),
                });
            }
            self.frames_in.extend_from_slice(chunk.filled());
        }
    }

    fn unwrap(&mut self) -> io::Result<()> {
        if self.frames_in.is_empty() {
            return Ok(());
        }
        let mut plain = Vec::new();
        let mut rest = self.frames_in.as_slice();
        self.protection
            .unwrap(&mut rest, &mut plain)
            .map_err(failed)?;
        let consumed = self.frames_in.len() - rest.len();
        self.frames_in.drain(..consumed);
        self.plain_in.extend_from_slice(&plain);
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
        let plain = buf.get(..CHUNK).unwrap_or(buf);
        let mut frames = Vec::new();
        self.protection.wrap(plain, &mut frames).map_err(failed)?;
        self.frames_out.extend_from_slice(&frames);
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
        while !self.frames_out.is_empty() {
            let written = ready!(Pin::new(&mut *io).poll_write(cx, &self.frames_out))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.frames_out.advance(written);
        }
        Poll::Ready(Ok(()))
    }
}

fn failed(error: ProtectionError) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}

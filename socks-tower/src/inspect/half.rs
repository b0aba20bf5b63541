use std::{
    fmt, io, mem,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::{Buf, Bytes, BytesMut};
use tokio::{
    io::{AsyncRead, ReadBuf},
    time::Sleep,
};

use super::{Chunk, Exceeded, Inspection, Later, limits::Limits, shared::Shared};
use crate::{Cut, time::from_now, udp::Direction};

/// One direction of an inspected tunnel: octets from its stream wait here until they are decided
/// about, and then until they are read.
pub(super) struct Half {
    direction: Direction,
    shared: Arc<Shared>,
    limits: Limits,
    /// Not decided about, and never more than the limit.
    held: BytesMut,
    /// Since when something is held, as a deadline.
    timer: Option<Pin<Box<Sleep>>>,
    /// Decides about what is held.
    later: Option<Later>,
    /// Decided about, and read before anything else.
    ready: Bytes,
    /// The stream has ended, and the inspector knows.
    ended: bool,
    /// Not wanted any more.
    done: bool,
}

/// What a decision leaves to do.
enum Waiting {
    /// More may come.
    More,
    /// Whatever is held now has been held for long enough.
    No,
}

impl Half {
    pub(super) fn new(direction: Direction, shared: Arc<Shared>, limits: Limits) -> Self {
        Self {
            direction,
            shared,
            limits,
            held: BytesMut::new(),
            timer: None,
            later: None,
            ready: Bytes::new(),
            ended: false,
            done: false,
        }
    }

    /// Whether the stream may be read without this from here on.
    pub(super) fn is_spent(&self) -> bool {
        self.done && self.ready.is_empty() && !self.ended
    }

    pub(super) fn poll_read(
        &mut self,
        io: &mut (impl AsyncRead + Unpin),
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if buf.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        loop {
            if !self.shared.standing(self.direction)? && !self.done {
                self.release();
            }
            if !self.ready.is_empty() {
                let octets = self.ready.len().min(buf.remaining());
                buf.put_slice(&self.ready.split_to(octets));
                return Poll::Ready(Ok(()));
            }
            if let Some(later) = &mut self.later {
                let decided = later.as_mut().poll(cx);
                match decided {
                    Poll::Ready(inspection) => {
                        self.later = None;
                        self.shared.decided(self.direction, &inspection);
                        self.carry_out(inspection, Waiting::More)?;
                    }
                    Poll::Pending => {
                        ready!(self.poll_overdue(cx));
                        self.exceeded()?;
                    }
                }
                continue;
            }
            if self.ended {
                return Poll::Ready(Ok(()));
            }
            if self.done {
                return Pin::new(io).poll_read(cx, buf);
            }
            match self.poll_fill(io, cx, buf)? {
                Poll::Ready(true) => return Poll::Ready(Ok(())),
                Poll::Ready(false) => {}
                Poll::Pending => {
                    ready!(self.poll_overdue(cx));
                    let chunk = Chunk {
                        overdue: true,
                        ..Chunk::new(self.direction, &self.held)
                    };
                    let inspection = self.shared.inspect(&chunk);
                    self.carry_out(inspection, Waiting::No)?;
                }
            }
        }
    }

    /// Reads more and has it decided about. True if it passes as it is, and is in `buf`.
    fn poll_fill(
        &mut self,
        io: &mut (impl AsyncRead + Unpin),
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<bool>> {
        let room = self.limits.octets.saturating_sub(self.held.len());
        let room = room.min(buf.remaining());
        let mut read = ReadBuf::new(buf.initialize_unfilled_to(room));
        ready!(Pin::new(io).poll_read(cx, &mut read))?;
        let octets = read.filled();
        let come = octets.len();
        self.ended = come == 0;
        // What passes at once, as nearly everything does, is never copied.
        if self.held.is_empty() {
            let chunk = Chunk {
                end: self.ended,
                ..Chunk::new(self.direction, octets)
            };
            let inspection = self.shared.inspect(&chunk);
            if let (Inspection::Pass, true) = (&inspection, come > 0) {
                buf.advance(come);
                return Poll::Ready(Ok(true));
            }
            self.held.extend_from_slice(octets);
            self.carry_out(inspection, Waiting::More)?;
        } else {
            self.held.extend_from_slice(octets);
            let chunk = Chunk {
                end: self.ended,
                ..Chunk::new(self.direction, &self.held)
            };
            let inspection = self.shared.inspect(&chunk);
            self.carry_out(inspection, Waiting::More)?;
        }
        Poll::Ready(Ok(false))
    }

    /// Does with what is held what was decided.
    fn carry_out(&mut self, inspection: Inspection, waiting: Waiting) -> io::Result<()> {
        let before = self.held.len();
        match inspection {
            Inspection::Pass => self.ready = mem::take(&mut self.held).freeze(),
            Inspection::PassSome(octets) => {
                let octets = octets.min(self.held.len());
                self.ready = self.held.split_to(octets).freeze();
            }
            Inspection::Rewrite(with) => {
                self.held.clear();
                self.ready = with;
            }
            Inspection::RewriteSome(octets, with) => {
                self.held.advance(octets.min(self.held.len()));
                self.ready = with;
            }
            Inspection::Hold => {}
            Inspection::Later(later) => self.later = Some(later),
            Inspection::Cut(cut) => return Err(self.shared.cut(cut).into()),
        }
        if self.held.is_empty() && self.later.is_none() {
            self.held = BytesMut::new();
            self.timer = None;
            return Ok(());
        }
        // Waiting is bounded anew whenever some of it goes on.
        if self.held.len() < before || self.timer.is_none() {
            let deadline = from_now(self.limits.patience);
            self.timer = Some(Box::pin(tokio::time::sleep_until(deadline)));
        }
        let full = self.held.len() >= self.limits.octets;
        match waiting {
            Waiting::More if self.later.is_some() || !(full || self.ended) => Ok(()),
            _ => self.exceeded(),
        }
    }

    /// Pending until what is held has been held for too long; for ever if nothing is.
    fn poll_overdue(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        // Woken as well when the other direction ends this one's interest, or the tunnel.
        self.shared.wait(self.direction, cx);
        match &mut self.timer {
            Some(timer) => timer.as_mut().poll(cx),
            None => Poll::Pending,
        }
    }

    /// Too much is held, or for too long.
    fn exceeded(&mut self) -> io::Result<()> {
        match self.limits.exceeded {
            Exceeded::Cut => Err(self.shared.cut(Cut::new("held")).into()),
            Exceeded::Pass => {
                self.shared.give_up(self.direction);
                Ok(())
            }
        }
    }

    /// Nobody wants to see more: what is held goes on, behind what was decided about before.
    fn release(&mut self) {
        self.done = true;
        (self.later, self.timer) = (None, None);
        let held = mem::take(&mut self.held).freeze();
        self.ready = match self.ready.is_empty() {
            true => held,
            false => [mem::take(&mut self.ready), held].concat().into(),
        };
    }
}

impl fmt::Debug for Half {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Half")
            .field("direction", &self.direction)
            .field("held", &self.held.len())
            .field("ready", &self.ready.len())
            .field("ended", &self.ended)
            .field("done", &self.done)
            .finish_non_exhaustive()
    }
}

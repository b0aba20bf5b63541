use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

use super::{held::Held, pace::Pace, pipe::Pipe, splicing};
use crate::{
    limit::{MeterFlow, VolumeUsedUp},
    stream::{tcp_sink, tcp_source},
    yield_now,
};

/// One way through a tunnel.
///
/// Octets go from the source through something that the thread lends, its buffer or one of its pipes,
/// straight to the sink. Only what the sink did not take is kept, and reading stops until it is gone
/// (`SE-22`).
#[derive(Debug)]
pub(super) struct Direction {
    held: Option<Box<Held>>,
    pace: Pace,
    state: State,
    unflushed: bool,
    /// An octet that was read to see whether anything has come at all, before its turn.
    first: Option<u8>,
    discarded: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Moving,
    /// The source has ended; the sink gets what is left and then the end (`SE-51`).
    Ending,
    /// The sink is gone after all that mattered was said: what still comes is thrown away.
    Discarding,
    Done,
}

/// Which half of the direction failed, or why it may not go on.
#[derive(Debug)]
pub(super) enum Fault {
    Source(io::Error),
    Sink(io::Error),
    // Boxed, so that each result of a read fits into two registers.
    UsedUp(Box<VolumeUsedUp>),
}

/// The two ends of a direction, what it may be moved by, and who is told.
pub(super) struct Ends<'a, R, W> {
    pub(super) source: &'a mut R,
    pub(super) sink: &'a mut W,
    /// The thread's buffer.
    pub(super) scratch: &'a mut [u8],
    pub(super) splice: bool,
    /// What bounds how much is read.
    pub(super) meter: Option<&'a mut MeterFlow>,
    /// The sink's own direction came to its end: once this one has too, both are about to be closed.
    pub(super) closing: bool,
    /// Told of every octet that the sink took.
    pub(super) moved: &'a mut dyn FnMut(usize),
}

impl<R, W> Ends<'_, R, W> {
    /// There is nothing to be moved for now.
    fn release(&mut self) {
        if let Some(meter) = &mut self.meter {
            meter.release();
        }
    }
}

/// Octets a direction moves, about, before it lets others have the thread, and reads.
const BUDGET: usize = 1024 * 1024;
const READS: usize = 16;

/// Octets thrown away at most for a sink that is gone (`SE-46`).
const MAX_DISCARD: u32 = 64 * 1024;

impl Direction {
    pub(super) const fn new() -> Self {
        Self {
            held: None,
            pace: Pace::new(),
            state: State::Moving,
            unflushed: false,
            first: None,
            discarded: 0,
        }
    }

    pub(super) fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// Whether octets still go from the source to the sink.
    pub(super) fn is_moving(&self) -> bool {
        self.state == State::Moving
    }

    /// Whether the source is not listened to, because the sink has not taken what it said before.
    pub(super) fn is_held_up(&self) -> bool {
        self.held.is_some() && self.is_moving()
    }

    /// Whether the source was heard to its end.
    pub(super) fn is_heard_out(&self) -> bool {
        self.is_done() && self.discarded == 0
    }

    /// Gives the sink up and throws away what the source still says, until it ends or 64 KiB came.
    pub(super) fn discard(&mut self) {
        (self.held, self.first) = (None, None);
        self.state = State::Discarding;
    }

    /// Moves what can be moved now.
    pub(super) fn poll_move<R, W>(
        &mut self,
        cx: &mut Context<'_>,
        ends: &mut Ends<'_, R, W>,
    ) -> Poll<Result<(), Fault>>
    where
        R: AsyncRead + Unpin + 'static,
        W: AsyncWrite + Unpin + 'static,
    {
        let mut budget = BUDGET;
        for _ in 0..READS {
            if let State::Moving | State::Ending = self.state {
                let Poll::Ready(written) = self.poll_held(cx, ends) else {
                    // Others need not wait for this sink.
                    ends.release();
                    return Poll::Pending;
                };
                written.map_err(Fault::Sink)?;
            }
            match self.state {
                State::Done => return Poll::Ready(Ok(())),
                State::Ending => {
                    ready!(self.poll_end(cx, ends)).map_err(Fault::Sink)?;
                    return Poll::Ready(Ok(()));
                }
                State::Moving | State::Discarding => {}
            }
            let octets = ready!(self.poll_turn(cx, ends))?;
            budget = budget.saturating_sub(octets);
            if budget == 0 {
                break;
            }
        }
        // More is there: come back after the other tasks of this thread had their turn.
        yield_now::defer(cx);
        Poll::Pending
    }

    /// One read, and the write of what it brought, as far as the sink takes it. Answers how many
    /// octets came.
    fn poll_turn<R, W>(
        &mut self,
        cx: &mut Context<'_>,
        ends: &mut Ends<'_, R, W>,
    ) -> Poll<Result<usize, Fault>>
    where
        R: AsyncRead + Unpin + 'static,
        W: AsyncWrite + Unpin + 'static,
    {
        let metered = ends.meter.is_some() && self.state == State::Moving;
        let most = match metered {
            false => usize::MAX,
            true => match ready!(self.poll_granted(cx, ends))? {
                None => return Poll::Ready(Ok(0)),
                Some(most) => most,
            },
        };
        let read = self.poll_read(cx, ends, most);
        match (&read, &mut ends.meter) {
            (Poll::Ready(Ok(octets)), Some(meter)) if metered && *octets > 0 => meter.used(*octets),
            _ if metered => ends.release(),
            _ => {}
        }
        read
    }

    /// How many octets the meter grants, until which nothing is read; `None` if the source has ended.
    // Apart from what every tunnel does, so that those without a meter do not pay for it.
    #[inline(never)]
    fn poll_granted<R, W>(
        &mut self,
        cx: &mut Context<'_>,
        ends: &mut Ends<'_, R, W>,
    ) -> Poll<Result<Option<usize>, Fault>>
    where
        R: AsyncRead + Unpin + 'static,
        W: AsyncWrite + Unpin + 'static,
    {
        let Poll::Ready(come) = self.poll_come(cx, ends) else {
            ends.release();
            ready!(self.poll_flush(cx, ends)).map_err(Fault::Sink)?;
            return Poll::Pending;
        };
        come.map_err(Fault::Source)?;
        if self.state == State::Ending {
            return Poll::Ready(Ok(None));
        }
        match ends.meter.as_mut().map(|meter| meter.poll_grant(cx)) {
            None => Poll::Ready(Ok(Some(usize::MAX))),
            Some(Poll::Ready(Ok(octets))) => Poll::Ready(Ok(Some(octets))),
            Some(Poll::Ready(Err(used_up))) => {
                let last = self.poll_last(cx, ends, used_up);
                last.map_ok(|()| None)
            }
            Some(Poll::Pending) => {
                ready!(self.poll_flush(cx, ends)).map_err(Fault::Sink)?;
                Poll::Pending
            }
        }
    }

    /// Whether anything has come that is worth a turn. Without that tunnels on which nothing comes would
    /// ask whenever they are polled: two that are both waited for would keep each other awake, and
    /// the tunnel would never be idle (`SE-21`).
    fn poll_come<R, W>(
        &mut self,
        cx: &mut Context<'_>,
        ends: &mut Ends<'_, R, W>,
    ) -> Poll<io::Result<()>>
    where
        R: AsyncRead + Unpin + 'static,
    {
        let granted = ends.meter.as_ref().is_some_and(|meter| meter.is_granted());
        if granted || self.first.is_some() {
            return Poll::Ready(Ok(()));
        }
        let mut octet = [0];
        let mut buf = ReadBuf::new(&mut octet);
        // What is left in the socket can be spliced.
        if let Some(source) = tcp_source(ends.source) {
            return source.poll_peek(cx, &mut buf).map_ok(drop);
        }
        ready!(Pin::new(&mut *ends.source).poll_read(cx, &mut buf))?;
        self.first = buf.filled().first().copied();
        if self.first.is_none() {
            self.state = State::Ending;
        }
        Poll::Ready(Ok(()))
    }

    /// Nothing more may pass: the next octet ends the tunnel, and the end is as it always is.
    fn poll_last<R, W>(
        &mut self,
        cx: &mut Context<'_>,
        ends: &mut Ends<'_, R, W>,
        used_up: VolumeUsedUp,
    ) -> Poll<Result<(), Fault>>
    where
        R: AsyncRead + Unpin,
        W: AsyncWrite + Unpin,
    {
        if self.first.is_some() {
            return Poll::Ready(Err(Fault::UsedUp(Box::new(used_up))));
        }
        let mut octet = [0];
        let mut buf = ReadBuf::new(&mut octet);
        let Poll::Ready(read) = Pin::new(&mut *ends.source).poll_read(cx, &mut buf) else {
            ready!(self.poll_flush(cx, ends)).map_err(Fault::Sink)?;
            return Poll::Pending;
        };
        read.map_err(Fault::Source)?;
        if !buf.filled().is_empty() {
            return Poll::Ready(Err(Fault::UsedUp(Box::new(used_up))));
        }
        self.state = State::Ending;
        Poll::Ready(Ok(()))
    }

    /// Reads at most so many octets.
    fn poll_read<R, W>(
        &mut self,
        cx: &mut Context<'_>,
        ends: &mut Ends<'_, R, W>,
        most: usize,
    ) -> Poll<Result<usize, Fault>>
    where
        R: AsyncRead + Unpin + 'static,
        W: AsyncWrite + Unpin + 'static,
    {
        if ends.splice
            && self.state == State::Moving
            && self.pace.is_bulky()
            && self.first.is_none()
            && let (Some(source), Some(sink)) = (tcp_source(ends.source), tcp_sink(ends.sink))
        {
            match Pipe::take() {
                Some(pipe) => {
                    let (ends, moved) = ((source, sink), &mut *ends.moved);
                    let octets = ready!(self.poll_splice(cx, pipe, ends, most, moved))?;
                    if octets > 0 {
                        return Poll::Ready(Ok(octets));
                    }
                    // Silence, or the end, or urgent data, which is in the way of what can be spliced
                    // and which a read steps over: reading tells.
                }
                None => self.pace.refused(),
            }
        }
        self.poll_copy(cx, ends, most)
    }

    /// The same through a pipe. 0 if there is nothing that can be spliced.
    fn poll_splice(
        &mut self,
        cx: &mut Context<'_>,
        mut pipe: Pipe,
        (source, sink): (&TcpStream, &TcpStream),
        most: usize,
        moved: &mut dyn FnMut(usize),
    ) -> Poll<Result<usize, Fault>> {
        let Poll::Ready(filled) = splicing::poll_fill(cx, &mut pipe, source, most) else {
            pipe.put_back();
            return Poll::Pending;
        };
        let octets = filled.map_err(Fault::Source)?;
        if octets == 0 {
            pipe.put_back();
            return Poll::Ready(Ok(0));
        }
        self.pace.spliced(octets);
        match splicing::poll_drain(cx, &mut pipe, sink, moved) {
            Poll::Ready(drained) => {
                drained.map_err(Fault::Sink)?;
                pipe.put_back();
            }
            Poll::Pending => self.held = Some(Box::new(Held::Piped(pipe))),
        }
        Poll::Ready(Ok(octets))
    }

    fn poll_copy<R, W>(
        &mut self,
        cx: &mut Context<'_>,
        ends: &mut Ends<'_, R, W>,
        most: usize,
    ) -> Poll<Result<usize, Fault>>
    where
        R: AsyncRead + Unpin,
        W: AsyncWrite + Unpin,
    {
        let limit = self.pace.chunk().min(ends.scratch.len()).min(most);
        let mut buf = ReadBuf::new(ends.scratch.get_mut(..limit).unwrap_or_default());
        if let Some(octet) = self.first.take() {
            buf.put_slice(&[octet]);
        }
        match Pin::new(&mut *ends.source).poll_read(cx, &mut buf) {
            Poll::Ready(result) => result.map_err(Fault::Source)?,
            Poll::Pending if !buf.filled().is_empty() => {}
            Poll::Pending => {
                ready!(self.poll_flush(cx, ends)).map_err(Fault::Sink)?;
                return Poll::Pending;
            }
        }
        let octets = buf.filled();
        match self.state {
            State::Discarding => {
                let octets = u32::try_from(octets.len()).unwrap_or(u32::MAX);
                self.discarded = self.discarded.saturating_add(octets);
                if octets == 0 || self.discarded > MAX_DISCARD {
                    self.state = State::Done;
                }
            }
            _ if octets.is_empty() => self.state = State::Ending,
            _ => {
                let written = Held::write(cx, ends.sink, octets, ends.moved);
                let rest = written.map_err(Fault::Sink)?;
                self.unflushed = true;
                match rest {
                    [] => self.pace.copied(octets.len()),
                    rest => {
                        self.pace.held_up();
                        self.held = Some(Box::new(Held::octets(rest)));
                    }
                }
            }
        }
        Poll::Ready(Ok(octets.len()))
    }

    /// A sink with a buffer of its own, such as TLS, must not sit on the last octets while nothing
    /// comes.
    fn poll_flush<R, W>(
        &mut self,
        cx: &mut Context<'_>,
        ends: &mut Ends<'_, R, W>,
    ) -> Poll<io::Result<()>>
    where
        W: AsyncWrite + Unpin,
    {
        if self.unflushed {
            ready!(Pin::new(&mut *ends.sink).poll_flush(cx))?;
            self.unflushed = false;
        }
        Poll::Ready(Ok(()))
    }

    /// Gives the sink what it did not take before.
    fn poll_held<R, W>(
        &mut self,
        cx: &mut Context<'_>,
        ends: &mut Ends<'_, R, W>,
    ) -> Poll<io::Result<()>>
    where
        W: AsyncWrite + Unpin + 'static,
    {
        if let Some(held) = &mut self.held {
            ready!(held.poll_write(cx, ends.sink, ends.moved))?;
        }
        // Given back at once: an idle tunnel holds nothing.
        if let Some(held) = self.held.take() {
            held.put_back();
        }
        Poll::Ready(Ok(()))
    }

    /// The source has ended, and so does the sink (`SE-48`).
    fn poll_end<R, W>(
        &mut self,
        cx: &mut Context<'_>,
        ends: &mut Ends<'_, R, W>,
    ) -> Poll<io::Result<()>>
    where
        W: AsyncWrite + Unpin + 'static,
    {
        // A TCP socket that was read to its end and is closed now says the same by that.
        let closed_anyway = ends.closing && tcp_sink(ends.sink).is_some();
        if !closed_anyway {
            ready!(Pin::new(&mut *ends.sink).poll_shutdown(cx))?;
        }
        self.state = State::Done;
        Poll::Ready(Ok(()))
    }
}

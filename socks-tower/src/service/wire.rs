use std::{future::Future, io, pin::Pin, sync::Arc, time::Duration};

use socks_core::{
    DecodeError,
    server::HandshakeError,
    subnegotiation::{DatagramProtection, Protection},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    time::{Instant, Sleep},
};

use crate::{BoxError, ClientStream, SessionEnd, stream::Buffers, time::from_now};

/// The client's stream during the handshake: what has arrived and is not used yet, what is to be
/// sent, and the one timer.
pub(super) struct Wire<Io> {
    stream: ClientStream<Io>,
    buffers: Buffers,
    /// How much of the output is out already.
    sent: usize,
    ended: bool,
    deadline: Pin<Box<Sleep>>,
    limit: usize,
}

/// Most octets that any setting makes a session hold before its tunnel is open.
const MAX_INPUT: usize = 1024 * 1024;

/// Octets of a refused client that are heard at most (`SE-46`).
const MAX_LINGER: u64 = 64 * 1024;

/// What a wait for a phase came to.
pub(super) enum Waited<T> {
    Done(T),
    /// The deadline passed first.
    TimedOut,
}

impl<Io: AsyncRead + AsyncWrite + Unpin> Wire<Io> {
    /// What a handshake takes may wait unread in here, and no more until
    /// [`allow_input`](Self::allow_input) says so (`SE-16`).
    pub(super) fn new(io: Io, deadline: Instant) -> Self {
        Self {
            stream: ClientStream::new(io),
            buffers: Buffers::new(0),
            sent: 0,
            ended: false,
            deadline: Box::pin(tokio::time::sleep_until(deadline)),
            limit: Buffers::CAPACITY,
        }
    }

    pub(super) fn set_deadline(&mut self, deadline: Instant) {
        self.deadline.as_mut().reset(deadline);
    }

    /// Lets more wait: a sub-negotiation's longer messages, or what comes behind the request.
    pub(super) fn allow_input(&mut self, octets: usize) {
        self.limit = self.limit.max(octets.min(MAX_INPUT));
    }

    /// Runs one step of a state machine over what has arrived.
    pub(super) fn step<T>(&mut self, step: impl FnOnce(&mut &[u8], &mut Vec<u8>) -> T) -> T {
        self.buffers.step(step)
    }

    /// Appends what a step has to say when it needs no input.
    pub(super) fn output(&mut self) -> &mut Vec<u8> {
        &mut self.buffers.output
    }

    /// Whether anything of the client's has arrived.
    pub(super) fn heard(&self) -> bool {
        !self.buffers.input.is_empty()
    }

    /// Sends what is to be sent, then waits for more of the client's octets.
    pub(super) async fn receive(&mut self) -> Result<(), SessionEnd> {
        self.flush().await?;
        if self.buffers.input.len() >= self.limit {
            let error = HandshakeError::Malformed(DecodeError::TooLong);
            return Err(SessionEnd::Malformed(error));
        }
        if self.ended {
            return Err(SessionEnd::Disconnected);
        }
        let read = self.buffers.read(&mut self.stream, self.limit);
        let read = tokio::select! {
            biased;
            read = read => read,
            () = &mut self.deadline => return Err(SessionEnd::TimedOut),
        };
        match read.map_err(disconnected)? {
            0 => Err(SessionEnd::Disconnected),
            _ => Ok(()),
        }
    }

    /// Sends what is to be sent, whole.
    pub(super) async fn flush(&mut self) -> Result<(), SessionEnd> {
        if self.buffers.output.is_empty() {
            return Ok(());
        }
        let write = async {
            // Cancelled by the deadline it goes on where it was, so that last words repeat nothing.
            while let Some(rest) = self
                .buffers
                .output
                .get(self.sent..)
                .filter(|rest| !rest.is_empty())
            {
                match self.stream.write(rest).await? {
                    0 => return Err(io::ErrorKind::WriteZero.into()),
                    octets => self.sent += octets,
                }
            }
            self.stream.flush().await
        };
        tokio::select! {
            biased;
            write = write => write.map_err(disconnected)?,
            () = &mut self.deadline => return Err(SessionEnd::TimedOut),
        }
        self.buffers.output.wipe();
        self.sent = 0;
        Ok(())
    }

    /// Waits for `work` and keeps what the client sends meanwhile (`R5-7`).
    ///
    /// A client that resets its connection gives the work up. One that only ends its sending half
    /// does not (`R5-62`), unless `until_end` says that it does (`BI-16`, `UD-37`).
    pub(super) async fn wait<T>(
        &mut self,
        mut work: impl Future<Output = T> + Unpin,
        until_end: bool,
    ) -> Result<Waited<T>, SessionEnd> {
        self.flush().await?;
        loop {
            if self.ended && until_end {
                return Err(SessionEnd::Disconnected);
            }
            let listen = !self.ended && self.buffers.input.len() < self.limit;
            tokio::select! {
                biased;
                done = &mut work => return Ok(Waited::Done(done)),
                () = &mut self.deadline => return Ok(Waited::TimedOut),
                read = self.buffers.read(&mut self.stream, self.limit), if listen => {
                    self.ended = read.map_err(disconnected)? == 0;
                }
            }
        }
    }

    /// Like [`wait`](Self::wait) for work that answers with a result; the deadline is an error of
    /// it.
    pub(super) async fn phase<T>(
        &mut self,
        work: impl Future<Output = Result<T, BoxError>> + Unpin,
    ) -> Result<Result<T, BoxError>, SessionEnd> {
        // A phase may hold a place from the moment that it is asked, and it was asked before this.
        debug_assert!(
            self.buffers.output.is_empty(),
            "something is still to be said"
        );
        Ok(match self.wait(work, false).await? {
            Waited::Done(result) => result,
            Waited::TimedOut => Err(io::Error::from(io::ErrorKind::TimedOut).into()),
        })
    }

    /// Runs `work` for as long as the client keeps its connection open; what it sends is thrown
    /// away, and `limit` octets of that are too much (`UD-37`). `None` if the client left first.
    pub(super) async fn accompany<T>(
        &mut self,
        mut work: impl Future<Output = T> + Unpin,
        limit: usize,
    ) -> Option<T> {
        let mut discarded = self.buffers.input.len();
        let mut sink = [0; 512];
        while !self.ended && discarded <= limit {
            tokio::select! {
                biased;
                done = &mut work => return Some(done),
                read = self.stream.read(&mut sink) => match read {
                    Ok(0) | Err(_) => break,
                    Ok(octets) => discarded += octets,
                },
            }
        }
        None
    }

    /// From here on everything is protected.
    pub(super) async fn protect(
        &mut self,
        protection: Box<dyn Protection>,
    ) -> Result<(), SessionEnd> {
        // What the sub-negotiation said last is still in clear.
        self.flush().await?;
        self.stream.protect(protection, &self.buffers.input);
        // The end, if it was seen, is behind what was just handed over.
        self.ended = false;
        self.buffers.input.wipe();
        Ok(())
    }

    pub(super) fn is_protected(&self) -> bool {
        self.stream.is_protected()
    }

    /// What goes around datagrams, if the stream's protection has that (`UD-19`).
    pub(super) fn datagram_protection(&self) -> Option<Arc<dyn DatagramProtection>> {
        self.stream.datagram_protection()
    }

    /// The stream, with what the client sent early in front.
    pub(super) fn into_stream(mut self) -> ClientStream<Io> {
        self.stream.unread(self.buffers.early(), self.ended);
        self.stream
    }

    /// Says the last words and closes so that they arrive: the sending half is shut down and the
    /// client heard out, for a while, since closing with unread input would make TCP reset the
    /// connection and the reply with it (`SE-46`, `SE-47`, `R5-49`, `R5-50`).
    pub(super) async fn close(&mut self, patience: Duration) {
        if self.buffers.output.is_empty() {
            return;
        }
        self.set_deadline(from_now(patience));
        if self.flush().await.is_err() {
            return;
        }
        self.set_deadline(from_now(patience));
        let goodbye = async {
            self.stream.shutdown().await?;
            let mut rest = (&mut self.stream).take(MAX_LINGER);
            tokio::io::copy(&mut rest, &mut tokio::io::sink()).await
        };
        tokio::select! {
            biased;
            _ = goodbye => {}
            () = &mut self.deadline => {}
        }
    }
}

fn disconnected(error: io::Error) -> SessionEnd {
    match error.kind() {
        io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::BrokenPipe
        | io::ErrorKind::UnexpectedEof => SessionEnd::Disconnected,
        _ => SessionEnd::Io(error),
    }
}

use std::{
    future::{Future, poll_fn},
    io,
    pin::{Pin, pin},
    sync::LazyLock,
    task::{Context, Poll, ready},
    time::Duration,
};

use socks_core::{
    Progress,
    client::{AwaitingReply, ClientError as Protocol, Granted},
    subnegotiation::Protection,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::{Instant, Sleep},
};

use super::{ClientError, ClientErrorKind};
use crate::{ClientStream, service::Slots, stream::Buffers};

/// A handshake's stream: what has arrived and is not used yet, what is to be sent, and the one
/// timer. The only place where a client reads and writes before there is a tunnel.
pub(super) struct Wire<S> {
    stream: ClientStream<S>,
    buffers: Buffers,
    /// Octets of the output that are written already.
    sent: usize,
    /// Why nothing more can be sent. What the proxy has said before it closed matters more.
    broken: Option<io::Error>,
    ended: bool,
    deadline: Pin<Box<Sleep>>,
}

/// Most octets that wait to be used. The longest message of a method, GSSAPI's, has 64 KiB.
const LIMIT: usize = 128 * 1024;

/// Greeting, login and request at their longest: 257, 513 and 262 octets.
const OUTPUT: usize = 257 + 513 + 262;

impl<S: AsyncRead + AsyncWrite + Unpin> Wire<S> {
    /// With `payload` more octets to be sent, the buffer with the password in it will not grow.
    pub(super) fn new(stream: S, timeout: Duration, payload: usize) -> Self {
        Self {
            stream: ClientStream::new(stream),
            buffers: Buffers::new(OUTPUT + payload),
            sent: 0,
            broken: None,
            ended: false,
            deadline: Box::pin(tokio::time::sleep(timeout)),
        }
    }

    pub(super) fn set_timeout(&mut self, timeout: Duration) {
        self.deadline.as_mut().reset(Instant::now() + timeout);
    }

    /// What is to be sent with the next wait.
    pub(super) fn output(&mut self) -> &mut Vec<u8> {
        &mut self.buffers.output
    }

    /// Runs one step of a state machine over what has arrived. One that fails may have last words.
    pub(super) async fn step<T>(
        &mut self,
        step: impl FnOnce(&mut &[u8], &mut Vec<u8>) -> Result<T, Protocol>,
    ) -> Result<T, ClientError> {
        let unsent = self.buffers.output.len();
        let done = self.buffers.step(step);
        if done.is_err() && self.buffers.output.len() > unsent {
            self.send_last_words().await;
        }
        Ok(done?)
    }

    /// Has `work` done on a thread that may block, within the deadline. Of all clients of the
    /// process 64 do that at once.
    pub(super) async fn block<T: Send + 'static>(
        &mut self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ClientError> {
        static SLOTS: LazyLock<Slots> = LazyLock::new(|| Slots::new(64));
        self.finish().await?;
        let mut work = pin!(SLOTS.run(work));
        poll_fn(|cx| match work.as_mut().poll(cx) {
            Poll::Ready(done) => Poll::Ready(done.map_err(ClientError::broken)),
            Poll::Pending => self.poll_deadline(cx).map(Err),
        })
        .await
    }

    /// Runs a state to its end: the one read loop.
    pub(super) async fn run<A, B>(
        &mut self,
        mut state: A,
        mut step: impl FnMut(A, &mut &[u8], &mut Vec<u8>) -> Result<Progress<A, B>, Protocol>,
        end: impl FnOnce(A, &[u8], ClientError) -> ClientError,
    ) -> Result<B, ClientError> {
        loop {
            let progress = self.step(|input, output| step(state, input, output));
            state = match progress.await? {
                Progress::Next(next) => return Ok(next),
                Progress::NeedInput(same) => same,
            };
            if let Err(error) = self.receive().await {
                return Err(end(state, &self.buffers.input, error));
            }
        }
    }

    /// Sends why the client goes, if that is possible without waiting.
    async fn send_last_words(&mut self) {
        poll_fn(|cx| {
            let _ = self.poll_send(cx);
            Poll::Ready(())
        })
        .await;
    }

    /// Waits for a reply. One that says "no" counts, however it breaks off (`R5-47`).
    pub(super) async fn reply(&mut self, awaiting: AwaitingReply) -> Result<Granted, ClientError> {
        self.run(
            awaiting,
            |awaiting, input, _| awaiting.receive(input),
            |awaiting, input, error| match awaiting.end_of_stream(input) {
                refused if refused.reply_code().is_some() => refused.into(),
                _ => error,
            },
        )
        .await
    }

    /// Sends what is to be sent and waits for more octets. Reading does not wait for writing, so
    /// that no buffer on the way is too small for what is sent ahead.
    pub(super) async fn receive(&mut self) -> Result<(), ClientError> {
        if self.buffers.input.len() >= LIMIT {
            return Err(ClientError::too_long());
        }
        let read = poll_fn(|cx| {
            if let Poll::Ready(Err(error)) = self.poll_send(cx) {
                self.broken = Some(error);
            }
            match self.poll_read(cx) {
                Poll::Pending => self.poll_deadline(cx).map(Err),
                Poll::Ready(read) => Poll::Ready(read.map_err(ClientError::from)),
            }
        });
        match (read.await, self.broken.take()) {
            (Ok(0) | Err(_), Some(broken)) => Err(broken.into()),
            (Ok(0), None) => Err(Protocol::UnexpectedEnd.into()),
            (Ok(_), broken) => {
                self.broken = broken;
                Ok(())
            }
            (Err(error), None) => Err(error),
        }
    }

    /// Sends the rest. What arrives meanwhile is kept.
    pub(super) async fn finish(&mut self) -> Result<(), ClientError> {
        if let Some(broken) = self.broken.take() {
            return Err(broken.into());
        }
        poll_fn(|cx| {
            loop {
                if let Poll::Ready(sent) = self.poll_send(cx) {
                    return Poll::Ready(sent.map_err(ClientError::from));
                }
                if self.ended || self.buffers.input.len() >= LIMIT {
                    return self.poll_deadline(cx).map(Err);
                }
                match self.poll_read(cx) {
                    Poll::Pending => return self.poll_deadline(cx).map(Err),
                    Poll::Ready(read) => self.ended = read? == 0,
                }
            }
        })
        .await
    }

    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let sent = ready!(self.poll_write(cx));
        self.buffers.output.wipe();
        self.sent = 0;
        Poll::Ready(sent)
    }

    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.buffers.output.is_empty() {
            return Poll::Ready(Ok(()));
        }
        while let Some(rest @ [_, ..]) = self.buffers.output.get(self.sent..) {
            match ready!(Pin::new(&mut self.stream).poll_write(cx, rest))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                written => self.sent += written,
            }
        }
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        if self.ended {
            return Poll::Ready(Ok(0));
        }
        pin!(self.buffers.read(&mut self.stream, LIMIT)).poll(cx)
    }

    fn poll_deadline(&mut self, cx: &mut Context<'_>) -> Poll<ClientError> {
        let timed_out = |()| ClientError::new(ClientErrorKind::TimedOut);
        self.deadline.as_mut().poll(cx).map(timed_out)
    }

    /// From here on everything is protected.
    pub(super) async fn protect(
        &mut self,
        protection: Box<dyn Protection>,
    ) -> Result<(), ClientError> {
        // What the sub-negotiation said last is still in clear.
        self.finish().await?;
        self.stream.protect(protection, &self.buffers.input);
        // The end, if it was seen, is behind what was just handed over.
        self.ended = false;
        self.buffers.input.wipe();
        Ok(())
    }

    /// The stream, with what the server sent behind its reply in front (`R5-53`).
    pub(super) async fn into_stream(mut self) -> Result<ClientStream<S>, ClientError> {
        self.finish().await?;
        self.stream.unread(self.buffers.early(), self.ended);
        Ok(self.stream)
    }
}

#[cfg(test)]
mod tests {
    use socks_core::subnegotiation::ProtectionError;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    /// Inverts every octet.
    #[derive(Debug)]
    struct Inversion;

    impl Protection for Inversion {
        fn wrap(&mut self, plain: &[u8], output: &mut Vec<u8>) -> Result<(), ProtectionError> {
            output.extend(plain.iter().map(|octet| !octet));
            Ok(())
        }

        fn unwrap(
            &mut self,
            input: &mut &[u8],
            plain: &mut Vec<u8>,
        ) -> Result<(), ProtectionError> {
            plain.extend(std::mem::take(input).iter().map(|octet| !octet));
            Ok(())
        }

        fn frame_limit(&self) -> usize {
            1
        }
    }

    /// R5-53, R5-54: what the proxy said before it ended its half, while the last words in clear
    /// went out, is not lost behind a protection.
    #[tokio::test]
    async fn an_end_that_was_seen_early() {
        let (stream, mut proxy) = duplex(8);
        let mut wire = Wire::new(stream, Duration::from_secs(60), 0);
        wire.output().extend_from_slice(b"last words");
        proxy.write_all(&[!b'o', !b'k']).await.unwrap();
        proxy.shutdown().await.unwrap();
        let hears = async {
            tokio::task::yield_now().await;
            let mut heard = [0; 10];
            proxy.read_exact(&mut heard).await.unwrap();
            assert_eq!(&heard, b"last words");
        };
        let (protected, ()) = tokio::join!(wire.protect(Box::new(Inversion)), hears);
        protected.unwrap();
        wire.receive().await.unwrap();
        assert_eq!(wire.buffers.input.as_slice(), b"ok");
    }
}

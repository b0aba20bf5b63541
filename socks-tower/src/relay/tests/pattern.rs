use std::sync::LazyLock;

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
    task::yield_now,
};

/// Octets that repeat after a prime number of them, so that no buffer's length hides a shift; twice, so
/// that a [`CHUNK`] from anywhere in the first half is one slice.
static OCTETS: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let once: Vec<u8> = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_be_bytes()[0]
    })
    .take(PERIOD)
    .collect();
    once.repeat(2)
});

const PERIOD: usize = 1_048_573;
const CHUNK: usize = 256 * 1024;

/// One end's view of a flow: which octet is at which position, and how far it came.
#[derive(Debug)]
pub(super) struct Pattern {
    seed: usize,
    pub(super) at: usize,
}

/// How a stream ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    Clean,
    Reset,
}

impl Pattern {
    /// Flows with other seeds hold other octets at each position.
    pub(super) fn new(seed: usize) -> Self {
        Self {
            seed: seed * 10_007,
            at: 0,
        }
    }

    /// The next octets, a chunk at most.
    pub(super) fn peek(&self, octets: usize) -> &'static [u8] {
        let from = (self.seed + self.at) % PERIOD;
        &OCTETS[from..from + octets.min(CHUNK)]
    }

    pub(super) async fn say(&mut self, stream: &mut (impl AsyncWrite + Unpin), octets: usize) {
        let end = self.at + octets;
        while self.at < end {
            let chunk = self.peek(end - self.at);
            stream.write_all(chunk).await.expect("the relay reads");
            self.at += chunk.len();
        }
    }

    /// Says as much as goes in while nobody takes it out at the other end.
    pub(super) async fn stuff(&mut self, stream: &TcpStream) {
        let mut still = 0;
        while still < 100 {
            match stream.try_write(self.peek(CHUNK)) {
                Ok(octets) => {
                    self.at += octets;
                    still = 0;
                }
                Err(_) => {
                    still += 1;
                    yield_now().await;
                }
            }
        }
    }

    /// Hears some octets, which must be those that come next; `None` at the end.
    pub(super) async fn hear_some(
        &mut self,
        stream: &mut (impl AsyncRead + Unpin),
        most: usize,
    ) -> Option<Ending> {
        let mut buf = vec![0; most.min(CHUNK)];
        match stream.read(&mut buf).await {
            Ok(0) => return Some(Ending::Clean),
            Ok(octets) => {
                let expected = self.peek(octets);
                assert!(buf[..octets] == *expected, "foreign octets at {}", self.at);
                self.at += octets;
            }
            Err(error) => {
                assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
                return Some(Ending::Reset);
            }
        }
        None
    }

    pub(super) async fn hear(&mut self, stream: &mut (impl AsyncRead + Unpin), octets: usize) {
        let end = self.at + octets;
        while self.at < end {
            let ending = self.hear_some(stream, end - self.at).await;
            assert_eq!(ending, None, "{} octets before their end", end - self.at);
        }
    }

    /// Hears everything and how it ends.
    pub(super) async fn hear_out(&mut self, stream: &mut (impl AsyncRead + Unpin)) -> Ending {
        loop {
            if let Some(ending) = self.hear_some(stream, CHUNK).await {
                return ending;
            }
        }
    }
}

/// Both ends of a flow.
#[derive(Debug)]
pub(super) struct Flow {
    pub(super) said: Pattern,
    pub(super) heard: Pattern,
}

impl Flow {
    pub(super) fn new(seed: usize) -> Self {
        Self {
            said: Pattern::new(seed),
            heard: Pattern::new(seed),
        }
    }

    pub(super) async fn carry(
        &mut self,
        source: &mut (impl AsyncWrite + Unpin),
        sink: &mut (impl AsyncRead + Unpin),
        octets: usize,
    ) {
        tokio::join!(self.said.say(source, octets), self.heard.hear(sink, octets));
    }
}

//! Inspectors around scripted streams; `relay/tests/inspected.rs` has them around real sockets.

mod decisions;
mod layer;
mod schedules;
mod time;

use std::{
    future::poll_fn,
    sync::{Arc, Mutex},
    task::Poll,
};

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tower::ServiceExt;
use tower_layer::Layer;

use super::*;
use crate::{AdaptiveRelay, BoxError, RelayEnd, relay::tests::tunnel, udp::Direction};

/// A tunnel with an inspector, and the applications' ends of it.
struct Bench {
    near: DuplexStream,
    far: DuplexStream,
    relay: tokio::task::JoinHandle<Result<RelayEnd, BoxError>>,
}

impl Bench {
    fn new(inspector: impl Inspector) -> Self {
        Self::with(inspector, |layer| layer)
    }

    fn with(
        inspector: impl Inspector,
        set: impl FnOnce(InspectLayer<Once>) -> InspectLayer<Once>,
    ) -> Self {
        let (client, near) = duplex(1 << 16);
        let (target, far) = duplex(1 << 16);
        let layer = set(InspectLayer::new(Once::new(inspector)));
        let relay = layer.layer(AdaptiveRelay::new());
        let relay = tokio::spawn(relay.oneshot(tunnel(client, target)));
        Self { near, far, relay }
    }

    /// The client says something, and the relay has done with it what it can.
    async fn say(&mut self, octets: &[u8]) {
        self.near.write_all(octets).await.unwrap();
        settle().await;
    }

    /// What the target has heard until now.
    async fn heard(&mut self) -> Vec<u8> {
        settle().await;
        let mut heard = vec![0; 1 << 16];
        let mut read = tokio::io::ReadBuf::new(&mut heard);
        poll_fn(|cx| {
            let far = std::pin::Pin::new(&mut self.far);
            let _ = tokio::io::AsyncRead::poll_read(far, cx, &mut read);
            Poll::Ready(())
        })
        .await;
        let octets = read.filled().len();
        heard.truncate(octets);
        heard
    }

    /// Both sides end, and the target hears what is left.
    async fn finish(mut self) -> Vec<u8> {
        self.near.shutdown().await.unwrap();
        self.far.shutdown().await.unwrap();
        let mut rest = Vec::new();
        self.far.read_to_end(&mut rest).await.unwrap();
        assert_eq!(self.near.read(&mut [0]).await.unwrap(), 0);
        assert_eq!(self.relay.await.unwrap().unwrap(), RelayEnd::Closed);
        rest
    }

    /// The tunnel is over, and this is why.
    async fn cut(self) -> crate::Cut {
        match self.relay.await.unwrap().unwrap() {
            RelayEnd::Cut(cut) => cut,
            end => panic!("{end:?}"),
        }
    }
}

async fn settle() {
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
}

/// Makes one inspector.
struct Once(Mutex<Option<Box<dyn Inspector>>>);

impl Once {
    fn new(inspector: impl Inspector) -> Self {
        Self(Mutex::new(Some(Box::new(inspector))))
    }
}

impl MakeInspector for Once {
    fn make(&self, _: &Subject<'_>) -> Option<Box<dyn Inspector>> {
        self.0.lock().unwrap().take()
    }
}

/// What an inspector was shown: octets, and whether as an end or overdue.
type Shown = Arc<Mutex<Vec<(Vec<u8>, bool, bool)>>>;

/// Decides about the client's octets by `decide`, and wants nothing of the target's.
struct Up<F> {
    shown: Shown,
    decide: F,
}

impl<F> Up<F> {
    fn new(decide: F) -> (Self, Shown) {
        let shown = Shown::default();
        let inspector = Self {
            shown: Arc::clone(&shown),
            decide,
        };
        (inspector, shown)
    }
}

impl<F: FnMut(&Chunk<'_>) -> Inspection + Send + 'static> Inspector for Up<F> {
    fn inspect(&mut self, chunk: &Chunk<'_>) -> Inspection {
        let shown = (chunk.data.to_vec(), chunk.end, chunk.overdue);
        self.shown.lock().unwrap().push(shown);
        (self.decide)(chunk)
    }

    fn wants(&self, direction: Direction) -> bool {
        direction == Direction::ToTarget
    }
}

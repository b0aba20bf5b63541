//! A plain TCP socket that was read to its end is closed without a shutdown before.

use std::sync::{Arc, atomic::Ordering};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
};

use super::{
    link::{Link, Way, connection, reset},
    pattern::{Ending, Flow},
    spy::Spy,
};
use crate::{
    ClientStream,
    relay::{AdaptiveRelay, RelayEnd},
};

/// Both ends hear everything and a clean end, whoever ends first and however much was said.
async fn ends_clean<C, T>(client: impl Fn(TcpStream) -> C, target: impl Fn(TcpStream) -> T)
where
    C: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    for first in [Some(Way::Up), Some(Way::Down), None] {
        for octets in [0, 1000, 4 << 20] {
            let relay = AdaptiveRelay::new();
            let mut link = Link::over(relay, None, &client, &target).await;
            let (mut up, mut down) = (Flow::new(61), Flow::new(62));
            link.exchange(&mut up, &mut down, octets).await;
            match first {
                Some(Way::Up) => link.end(Way::Up, &mut up).await,
                Some(Way::Down) => link.end(Way::Down, &mut down).await,
                // Both at once, with a tail that is heard only after the relay is gone.
                None => {
                    up.said.say(&mut link.near, 10_000).await;
                    down.said.say(&mut link.far, 10_000).await;
                    link.near.shutdown().await.unwrap();
                    link.far.shutdown().await.unwrap();
                    let end = (&mut link.relay).await.unwrap();
                    assert_eq!(end.unwrap(), RelayEnd::Closed);
                }
            }
            link.end_quietly(&mut up, &mut down).await;
        }
    }
}

impl Link {
    /// Ends what has not ended, and hears nothing but clean ends, then and later.
    async fn end_quietly(&mut self, up: &mut Flow, down: &mut Flow) {
        // It may be gone already: a socket that said its end may be told nothing any more.
        let _ = (self.near.shutdown().await, self.far.shutdown().await);
        assert_eq!(up.heard.hear_out(&mut self.far).await, Ending::Clean);
        assert_eq!(down.heard.hear_out(&mut self.near).await, Ending::Clean);
        assert_eq!((up.heard.at, down.heard.at), (up.said.at, down.said.at));
        if !self.relay.is_finished() {
            let end = (&mut self.relay).await.unwrap();
            assert_eq!(end.unwrap(), RelayEnd::Closed);
        }
        for stream in [&mut self.near, &mut self.far] {
            assert_eq!(stream.read(&mut [0]).await.unwrap(), 0);
            assert!(stream.take_error().unwrap().is_none());
        }
    }
}

/// SE-48, SE-50: whichever ends last.
#[tokio::test]
async fn of_plain_sockets() {
    ends_clean(|client| client, |target| target).await;
    ends_clean(ClientStream::new, |target| target).await;
    ends_clean(ClientStream::new, Spy::new).await;
    ends_clean(Spy::new, |target| target).await;
}

/// SE-48: a stream that is more than its socket is told of its end, once.
#[tokio::test]
async fn of_a_stream_that_must_be_told() {
    for first in Way::BOTH {
        let mut told = Vec::new();
        let mut spy = |io| {
            let spy = Spy::new(io);
            told.push(Arc::clone(&spy.shutdowns));
            spy
        };
        let (near, far) = (connection(None).await, connection(None).await);
        let tunnel = super::tunnel(spy(near.1), spy(far.1));
        let relay = tower::ServiceExt::oneshot(AdaptiveRelay::new(), tunnel);
        let relay = tokio::spawn(relay);
        let (mut one, mut two) = match first {
            Way::Up => (near.0, far.0),
            Way::Down => (far.0, near.0),
        };
        one.shutdown().await.unwrap();
        assert_eq!(two.read(&mut [0]).await.unwrap(), 0);
        two.shutdown().await.unwrap();
        assert_eq!(one.read(&mut [0]).await.unwrap(), 0);
        assert_eq!(relay.await.unwrap().unwrap(), RelayEnd::Closed);
        let told: Vec<_> = told
            .iter()
            .map(|told| told.load(Ordering::Relaxed))
            .collect();
        assert_eq!(told, [1, 1]);
    }
}

/// SE-51: a client that still talks to a target that has answered and closed hears the whole answer and
/// a clean end, whether some of what it said was thrown away or not, and whichever direction is last.
#[tokio::test]
async fn with_input_thrown_away() {
    for said_after in [0_usize, 1, 10_000, 60_000] {
        for answer in [1000, 4 << 20] {
            let relay = AdaptiveRelay::new();
            let mut link = Link::over(relay, Some(64 * 1024), |c| c, |t| t).await;
            let (mut up, mut down) = (Flow::new(63), Flow::new(64));
            link.carry(Way::Up, &mut up, 100).await;
            // The answer is nearly heard before the target is gone.
            link.carry(Way::Down, &mut down, answer).await;
            down.said.say(&mut link.far, 20_000).await;
            let Link {
                mut near,
                far,
                relay,
                ..
            } = link;
            drop(far);
            for octets in [1.min(said_after), said_after.saturating_sub(1)] {
                up.said.say(&mut near, octets).await;
                for _ in 0..10 {
                    tokio::task::yield_now().await;
                }
            }
            near.shutdown().await.unwrap();
            for _ in 0..10 {
                tokio::task::yield_now().await;
            }
            assert_eq!(down.heard.hear_out(&mut near).await, Ending::Clean);
            assert_eq!(down.heard.at, down.said.at);
            assert_eq!(relay.await.unwrap().unwrap(), RelayEnd::Closed);
            assert!(near.take_error().unwrap().is_none());
        }
    }
}

/// SE-46, SE-51: a client that floods a target which has answered and is gone is not read to its end. The
/// answer has its end even so, in front of the reset that the close then is.
#[tokio::test]
async fn with_more_input_than_is_thrown_away() {
    let mut link = Link::new(AdaptiveRelay::new().splice(false)).await;
    let (mut up, mut down) = (Flow::new(65), Flow::new(66));
    // So that the kernel takes much at once.
    link.carry(Way::Up, &mut up, 8 << 20).await;
    down.said.say(&mut link.far, 1000).await;
    link.far.shutdown().await.unwrap();
    reset(link.far);
    // More than what is read before the target is found gone, and what is thrown away then.
    let mut flood = 0;
    while let Ok(octets) = link.near.try_write(up.said.peek(256 * 1024)) {
        flood += octets;
    }
    assert!(flood > 512 * 1024, "{flood}");
    assert_eq!(link.relay.await.unwrap().unwrap(), RelayEnd::Closed);
    assert_eq!(down.heard.hear_out(&mut link.near).await, Ending::Clean);
    assert_eq!(down.heard.at, down.said.at);
}

use bytes::Bytes;
use socks_core::subnegotiation::{Protection, ProtectionError};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::{
    link::{Link, Way},
    pattern::Flow,
    spy::Spy,
};
use crate::{ClientStream, relay::AdaptiveRelay};

const MIB: usize = 1 << 20;

/// Whether 8 MiB each way over `link` arrive, and how many octets of each way were spliced.
async fn spliced(mut link: Link, mut up: Flow, mut down: Flow) -> (usize, usize) {
    link.carry(Way::Up, &mut up, 8 * MIB).await;
    let spliced_up = link.spliced();
    link.carry(Way::Down, &mut down, 8 * MIB).await;
    let spliced_down = link.spliced() - spliced_up;
    link.end(Way::Up, &mut up).await;
    link.end(Way::Down, &mut down).await;
    link.closed(&up, &down).await;
    (spliced_up, spliced_down)
}

/// R5-7: what was read too far comes first, and then the client is spliced like any other.
#[tokio::test]
async fn early_data_first() {
    for early in [1, 1000, 300_000] {
        let mut up = Flow::new(11);
        let mut octets = Vec::new();
        up.said.say(&mut octets, early).await;
        let octets = Bytes::from(octets);
        let client = |io| {
            let mut client = ClientStream::new(io);
            client.unread(octets, false);
            client
        };
        let mut link = Link::over(AdaptiveRelay::new(), None, client, |target| target).await;
        // More is there already: a splice would overtake what was read too far.
        tokio::join!(
            up.said.say(&mut link.near, MIB),
            up.heard.hear(&mut link.far, early + MIB),
        );
        let (up, down) = spliced(link, up, Flow::new(12)).await;
        assert!(up > 4 * MIB && up <= 9 * MIB && down > 4 * MIB);
    }
}

/// R5-7: a client that had said everything, and ended, before its tunnel was there.
#[tokio::test]
async fn early_end() {
    let client = |io| {
        let mut client = ClientStream::new(io);
        client.unread(Bytes::from_static(b"all"), true);
        client
    };
    let mut link = Link::over(AdaptiveRelay::new(), None, client, |target| target).await;
    let mut octets = Vec::new();
    link.near.shutdown().await.unwrap();
    link.far.read_to_end(&mut octets).await.unwrap();
    assert_eq!(octets, b"all");
    let mut down = Flow::new(13);
    link.carry(Way::Down, &mut down, 8 * MIB).await;
    assert!(link.spliced() > 4 * MIB);
    link.end(Way::Down, &mut down).await;
    link.relay.await.unwrap().unwrap();
}

/// Turns every octet round, one by one.
#[derive(Debug)]
struct Inverted;

impl Protection for Inverted {
    fn wrap(&mut self, plain: &[u8], output: &mut Vec<u8>) -> Result<(), ProtectionError> {
        output.extend(plain.iter().map(|octet| !octet));
        Ok(())
    }

    fn unwrap(&mut self, input: &mut &[u8], plain: &mut Vec<u8>) -> Result<(), ProtectionError> {
        self.wrap(input, plain)?;
        *input = &[];
        Ok(())
    }

    fn frame_limit(&self) -> usize {
        1
    }
}

fn protected(io: TcpStream) -> ClientStream<TcpStream> {
    let mut client = ClientStream::new(io);
    client.protect(Box::new(Inverted), &[]);
    client
}

/// R5-54: nothing passes a protection unseen. With one at each end the octets are their own again.
#[tokio::test]
async fn a_protection_is_never_spliced_around() {
    let link = Link::over(AdaptiveRelay::new(), None, protected, protected).await;
    assert_eq!(spliced(link, Flow::new(14), Flow::new(15)).await, (0, 0));
}

/// Nor does anything pass a stream of somebody else, at either side.
#[tokio::test]
async fn a_wrapper_is_never_spliced_around() {
    let relay = AdaptiveRelay::new();
    let link = Link::over(relay.clone(), None, Spy::new, |target| target).await;
    assert_eq!(spliced(link, Flow::new(16), Flow::new(17)).await, (0, 0));
    let link = Link::over(relay, None, ClientStream::new, Spy::new).await;
    assert_eq!(spliced(link, Flow::new(18), Flow::new(19)).await, (0, 0));
}

//! Real sockets, by the calls that every system has; `linux.rs` does the same by its own.

use std::{io, net::SocketAddr, time::Duration};

use tokio::{net::UdpSocket, time::timeout};

use super::{Departures, Settled, Side, Wire};
use crate::udp::{
    batch::{self, Departure, portable},
    port::Port,
};

/// One socket for everything.
pub(super) struct Alone<S> {
    pub(super) port: Port,
    pub(super) sender: S,
}

pub(super) trait Calls {
    const TOGETHER: usize;
    fn many(&mut self, port: &Port, arena: &[u8], list: &[Departure]) -> io::Result<usize>;
    fn piece(
        &mut self,
        port: &Port,
        to: SocketAddr,
        piece: &[u8],
        segment: usize,
    ) -> io::Result<()>;
}

/// Both kinds of calls have the same signatures.
macro_rules! calls {
    ($sender:ty, $together:expr) => {
        impl Calls for $sender {
            const TOGETHER: usize = $together;

            fn many(&mut self, port: &Port, arena: &[u8], list: &[Departure]) -> io::Result<usize> {
                self.many(port, arena, list)
            }

            fn piece(
                &mut self,
                port: &Port,
                to: SocketAddr,
                piece: &[u8],
                segment: usize,
            ) -> io::Result<()> {
                self.piece(port, to, piece, segment)
            }
        }
    };
}

#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) use calls;

calls!(portable::Sender, portable::TOGETHER);

impl<S: Calls> Wire for Alone<S> {
    fn together(&self) -> usize {
        S::TOGETHER
    }

    fn many(&mut self, arena: &[u8], list: &[Departure]) -> io::Result<usize> {
        self.sender.many(&self.port, arena, list)
    }

    fn piece(&mut self, _: Side, to: SocketAddr, piece: &[u8], segment: usize) -> io::Result<()> {
        let sent = self.sender.piece(&self.port, to, piece, segment);
        if let Err(error) = &sent {
            let longest = self.port.longest_segment;
            self.port.longest_segment = batch::segment_after(error, segment, longest);
        }
        sent
    }

    fn longest_segment(&self, _: Side) -> usize {
        self.port.longest_segment
    }
}

pub(super) async fn socket() -> (UdpSocket, SocketAddr) {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let addr = socket.local_addr().unwrap();
    (socket, addr)
}

pub(super) async fn alone<S: Calls>(sender: S) -> Alone<S> {
    let port = Port::new(socket().await.0, true, true);
    Alone { port, sender }
}

pub(super) fn send(wire: &mut impl Wire, datagrams: &[(SocketAddr, Vec<u8>)]) -> Vec<Settled> {
    let mut departures = Departures::new();
    for (to, data) in datagrams {
        departures.push(Side::V4, *to, data, data.len(), wire);
    }
    departures.flush(wire);
    departures.settled().collect()
}

pub(super) async fn receive(socket: &UdpSocket) -> Vec<u8> {
    let mut buffer = vec![0; 65_536];
    let received = timeout(Duration::from_secs(5), socket.recv(&mut buffer)).await;
    buffer.truncate(received.expect("it arrives").unwrap());
    buffer
}

pub(super) fn sent(settled: &Settled) -> bool {
    matches!(settled, Settled::ToTarget { result: Ok(()), .. })
}

/// UD-39: of several datagrams in one call the one in the middle cannot be sent, here to a
/// broadcast address; the others arrive, and each is told apart.
pub(super) async fn one_fails_in_the_middle<S: Calls>(sender: S) {
    let mut wire = alone(sender).await;
    let (first, to_first) = socket().await;
    let (second, to_second) = socket().await;
    let nowhere = "255.255.255.255:9".parse().unwrap();
    let settled = send(
        &mut wire,
        &[
            (to_first, vec![1; 10]),
            (to_second, vec![2; 20]),
            (nowhere, vec![3; 30]),
            (to_first, vec![4; 40]),
            (to_second, vec![5; 50]),
        ],
    );
    let sent: Vec<_> = settled.iter().map(sent).collect();
    assert_eq!(sent, [true, true, false, true, true], "{settled:?}");
    assert_eq!(receive(&first).await, [1; 10]);
    assert_eq!(receive(&first).await, [4; 40]);
    assert_eq!(receive(&second).await, [2; 20]);
    assert_eq!(receive(&second).await, [5; 50]);
}

/// UD-36: datagrams of any length, in order and whole, however they are sent.
pub(super) async fn lengths<S: Calls>(sender: S) {
    let mut wire = alone(sender).await;
    let (socket, to) = socket().await;
    for lens in [
        &[100, 100, 100, 99, 100, 0, 0, 100, 1, 1472, 1472, 1473, 1473][..],
        &[1472; 40],
        &[65_507, 1472, 1472, 4097, 4096, 9],
    ] {
        let datagrams = lens.iter().zip(1_u8..).map(|(len, n)| (to, vec![n; *len]));
        let datagrams: Vec<_> = datagrams.collect();
        assert!(send(&mut wire, &datagrams).iter().all(sent));
        for (_, data) in datagrams {
            assert!(receive(&socket).await == data);
        }
    }
}

#[tokio::test]
async fn one_fails_in_the_middle_by_portable_calls() {
    one_fails_in_the_middle(portable::Sender::new()).await;
}

#[tokio::test]
async fn lengths_by_portable_calls() {
    lengths(portable::Sender::new()).await;
}

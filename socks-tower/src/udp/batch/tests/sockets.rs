//! Real sockets, by the calls of this system and by those that every system has.

use std::{future::poll_fn, io, net::SocketAddr, time::Duration};

use tokio::{net::UdpSocket, time::timeout};

use super::{Departures, Settled, Side, Wire};
use crate::udp::{
    batch::{self, Departure, Sender, portable},
    port::Port,
};

/// One socket for everything.
struct Alone<S> {
    port: Port,
    sender: S,
}

trait Calls {
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
calls!(Sender, batch::TOGETHER);
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

async fn socket() -> (UdpSocket, SocketAddr) {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let addr = socket.local_addr().unwrap();
    (socket, addr)
}

async fn alone<S: Calls>(sender: S) -> Alone<S> {
    let port = Port::new(socket().await.0, true, true);
    Alone { port, sender }
}

fn send(wire: &mut impl Wire, datagrams: &[(SocketAddr, Vec<u8>)]) -> Vec<Settled> {
    let mut departures = Departures::new();
    for (to, data) in datagrams {
        departures.push(Side::V4, *to, data, data.len(), wire);
    }
    departures.flush(wire);
    departures.settled().collect()
}

async fn receive(socket: &UdpSocket) -> Vec<u8> {
    let mut buffer = vec![0; 65_536];
    let received = timeout(Duration::from_secs(5), socket.recv(&mut buffer)).await;
    buffer.truncate(received.expect("it arrives").unwrap());
    buffer
}

fn sent(settled: &Settled) -> bool {
    matches!(settled, Settled::ToTarget { result: Ok(()), .. })
}

/// UD-39: of several datagrams in one call the one in the middle cannot be sent, here to a
/// broadcast address; the others arrive, and each is told apart.
async fn one_fails_in_the_middle<S: Calls>(sender: S) {
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
async fn lengths<S: Calls>(sender: S) {
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

#[cfg(any(target_os = "linux", target_os = "android"))]
mod linux {
    use super::*;
    use nix::sys::socket::{setsockopt, sockopt::UdpGroSegment};

    #[tokio::test]
    async fn one_fails_in_the_middle() {
        super::one_fails_in_the_middle(Sender::new()).await;
    }

    #[tokio::test]
    async fn lengths() {
        super::lengths(Sender::new()).await;
    }

    /// A socket that takes pieces as they are sees one.
    #[tokio::test]
    async fn equal_datagrams_go_in_one_piece() {
        for (offload, expected) in [(true, 5 * 100 + 30), (false, 100)] {
            let mut wire = Alone {
                port: Port::new(socket().await.0, true, offload),
                sender: Sender::new(),
            };
            let (socket, to) = socket().await;
            setsockopt(&socket, UdpGroSegment, &true).unwrap();
            let datagrams = [100, 100, 100, 100, 100, 30].map(|len| (to, vec![7; len]));
            assert!(send(&mut wire, &datagrams).iter().all(sent));
            assert_eq!(receive(&socket).await.len(), expected);
        }
    }

    /// What the kernel refuses is what the relay takes for a refusal: so many segments no kernel
    /// cuts.
    #[tokio::test]
    async fn refused_by_the_kernel() {
        let mut wire = alone(Sender::new()).await;
        let (_socket, to) = socket().await;
        let refused = wire.piece(Side::V4, to, &[0; 1_000], 1);
        assert_eq!(refused.unwrap_err().raw_os_error(), Some(libc::EINVAL));
        assert_eq!(wire.longest_segment(Side::V4), 0);
    }

    /// Segments that do not fit are not tried again, shorter ones are; what speaks against all of
    /// them ends it, and what says nothing about them changes nothing.
    #[test]
    fn after_a_refusal() {
        for (error, segment, expected) in [
            (libc::EINVAL, 1400, 1399),
            (libc::EMSGSIZE, 1400, 1399),
            (libc::EINVAL, 500, 0),
            (libc::EIO, 1400, 0),
            (libc::EOPNOTSUPP, 1400, 0),
            (libc::EAGAIN, 1400, 1472),
            (libc::ENETUNREACH, 1400, 1472),
            (libc::ECONNREFUSED, 1400, 1472),
        ] {
            let error = io::Error::from_raw_os_error(error);
            let after = batch::segment_after(&error, segment, 1472);
            assert_eq!(after, expected, "{error}");
        }
    }

    /// One call takes what is there, with its senders, and the next one what came since, whether
    /// or not the socket was emptied.
    #[tokio::test]
    async fn what_is_there_is_received_at_once() {
        let (socket, to) = socket().await;
        let mut port = Port::new(socket, true, true);
        let (client, from) = super::socket().await;
        for count in [1, 5, 32, 33, 70] {
            for n in 0..count {
                client
                    .send_to(&[n; 9][..usize::from(n % 9)], to)
                    .await
                    .unwrap();
            }
            let mut seen = 0;
            let mut calls = 0;
            while seen < count {
                let seen_now = poll_fn(|cx| {
                    batch::with(|batch| {
                        let arrivals = &mut batch.arrivals;
                        arrivals.poll_receive(&mut port, cx).map_ok(|()| {
                            for index in 0..arrivals.len() {
                                let n = seen + u8::try_from(index).unwrap();
                                let (slot, octets, source) = arrivals.slot(index).unwrap();
                                let expected = &[n; 9][..usize::from(n % 9)];
                                assert_eq!((&slot[octets], source), (expected, from));
                            }
                            arrivals.len()
                        })
                    })
                });
                seen += u8::try_from(seen_now.await.unwrap()).unwrap();
                calls += 1;
            }
            assert_eq!(
                calls,
                usize::from(count).div_ceil(batch::TOGETHER),
                "{count}"
            );
        }
    }

    /// What the system has put together comes apart again, each datagram as it was sent.
    #[tokio::test]
    async fn pieces_come_apart() {
        let (socket, to) = socket().await;
        let mut port = Port::new(socket, true, true);
        let mut wire = alone(Sender::new()).await;
        let from = wire.port.socket.local_addr().unwrap();
        let lens = [
            &[100; 10][..],
            &[30, 0, 0, 7],
            &[1472; 3],
            &[1473],
            &[1472; 44],
        ]
        .concat();
        let numbered = || lens.iter().zip(1_u8..).map(|(len, n)| vec![n; *len]);
        let datagrams: Vec<_> = numbered().map(|data| (to, data)).collect();
        assert!(send(&mut wire, &datagrams).iter().all(sent));
        let mut heard = Vec::new();
        let mut calls = 0;
        while heard.len() < lens.len() {
            let received = poll_fn(|cx| {
                batch::with(|batch| {
                    let arrivals = &mut batch.arrivals;
                    arrivals.poll_receive(&mut port, cx).map_ok(|()| {
                        for index in 0..arrivals.len() {
                            let (slot, octets, source) = arrivals.slot(index).unwrap();
                            assert_eq!(source, from);
                            heard.push(slot[octets].to_vec());
                        }
                    })
                })
            });
            received.await.unwrap();
            calls += 1;
        }
        assert!(heard == numbered().collect::<Vec<_>>());
        assert!(calls < 3, "{calls} calls");
    }
}

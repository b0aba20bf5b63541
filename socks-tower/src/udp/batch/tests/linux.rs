//! The calls of Linux, through real sockets.

use std::{future::poll_fn, io, net::SocketAddr};

use nix::sys::socket::{setsockopt, sockopt::UdpGroSegment};
use tokio::net::UdpSocket;

use super::{
    Side, Wire,
    sockets::{self, Alone, Calls, alone, calls, receive, send, sent, socket},
};
use crate::udp::{
    batch::{self, Departure, Sender},
    port::Port,
};

calls!(Sender, batch::TOGETHER);

#[tokio::test]
async fn one_fails_in_the_middle() {
    sockets::one_fails_in_the_middle(Sender::new()).await;
}

#[tokio::test]
async fn lengths() {
    sockets::lengths(Sender::new()).await;
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
    let (client, from) = socket().await;
    let (socket, to) = socket().await;
    let mut port = Port::new(socket, true, true);
    for count in [1, 5, 32, 33, 70] {
        port.expects = batch::TOGETHER;
        let calls = receive_all(&client, from, &mut port, to, count).await;
        let expected = usize::from(count).div_ceil(batch::TOGETHER);
        assert_eq!(calls, expected, "{count}");
    }
}

/// There is room for twice of what came last, and half of what there was: it follows who sends more.
#[tokio::test]
async fn room_follows_what_comes() {
    let (client, from) = socket().await;
    let (socket, to) = socket().await;
    let mut port = Port::new(socket, true, true);
    let few = [(1, 1); 4];
    for (count, calls) in [
        [(1, 1), (4 + 8 + 16 + 32, 4), (32, 1)].as_slice(),
        &few,
        &[(17, 3)],
    ]
    .concat()
    {
        let seen = receive_all(&client, from, &mut port, to, count).await;
        assert_eq!(seen, calls, "{count}");
    }
}

/// Sends so many, receives them, and answers in how many calls.
async fn receive_all(
    client: &UdpSocket,
    from: SocketAddr,
    port: &mut Port,
    to: SocketAddr,
    count: u8,
) -> usize {
    let octets = |n: u8| vec![n; usize::from(n % 9)];
    for n in 0..count {
        client.send_to(&octets(n), to).await.unwrap();
    }
    let mut seen = 0;
    let mut calls = 0;
    while seen < count {
        let seen_now = poll_fn(|cx| {
            batch::with(|batch| {
                let arrivals = &mut batch.arrivals;
                arrivals.poll_receive(port, usize::MAX, cx).map_ok(|()| {
                    for index in 0..arrivals.len() {
                        let n = seen + u8::try_from(index).unwrap();
                        let (slot, octets_seen, source) = arrivals.slot(index).unwrap();
                        assert_eq!((&slot[octets_seen], source), (&octets(n)[..], from));
                    }
                    arrivals.len()
                })
            })
        });
        seen += u8::try_from(seen_now.await.unwrap()).unwrap();
        calls += 1;
    }
    calls
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
                arrivals
                    .poll_receive(&mut port, usize::MAX, cx)
                    .map_ok(|()| {
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

/// Pieces of many small datagrams do not make a call bring more than others are to wait for, although
/// single ones come between them; only the first call cannot know.
#[tokio::test]
async fn pieces_between_single_datagrams() {
    let (socket, to) = socket().await;
    let mut port = Port::new(socket, true, true);
    let mut wire = alone(Sender::new()).await;
    let piece = vec![(to, vec![7; 10]); 64];
    let single = [(to, vec![7; 10])];
    let mut calls = Vec::new();
    for _ in 0..3 {
        for _ in 0..batch::TOGETHER {
            assert!(send(&mut wire, &piece).iter().all(sent));
        }
        let mut left = 64 * batch::TOGETHER;
        while left > 0 {
            let received = received_at_once(&mut port).await;
            calls.push(received);
            left -= received;
        }
        assert!(send(&mut wire, &single).iter().all(sent));
        assert_eq!(received_at_once(&mut port).await, 1);
    }
    assert!(calls.iter().skip(1).all(|call| *call <= 256), "{calls:?}");
}

/// UD-9: a socket that is bound to no address is told where datagrams came to, in both families, and what
/// it sends leaves from there, in one piece or not.
#[tokio::test]
async fn answers_leave_from_where_datagrams_came() {
    for (any, near, local) in [
        ("0.0.0.0:0", "127.0.0.1:0", "127.0.0.5"),
        ("[::]:0", "[::1]:0", "::1"),
    ] {
        let Ok(client) = UdpSocket::bind(near).await else {
            println!("skipped: this machine has no IPv6");
            continue;
        };
        let socket = UdpSocket::bind(any).await.unwrap();
        let to = SocketAddr::new(local.parse().unwrap(), socket.local_addr().unwrap().port());
        let mut port = Port::new(socket, to.is_ipv4(), true).hear_where();
        client.send_to(b"x", to).await.unwrap();
        assert_eq!(received_at_once(&mut port).await, 1);
        let came_to = batch::with(|batch| batch.arrivals.local(0));
        assert_eq!(came_to, Some(to.ip()));

        port.leaves_from = came_to;
        let sender = Sender::new();
        let mut wire = Alone { port, sender };
        let lens = [10, 10, 10, 7, 9, 0];
        let datagrams = lens.map(|len| (client.local_addr().unwrap(), vec![7; len]));
        assert!(send(&mut wire, &datagrams).iter().all(sent));
        for len in lens {
            let heard = client.recv_from(&mut [0; 20]).await.unwrap();
            assert_eq!(heard, (len, to));
        }
    }
}

async fn received_at_once(port: &mut Port) -> usize {
    let received = poll_fn(|cx| {
        batch::with(|batch| {
            let arrivals = &mut batch.arrivals;
            arrivals
                .poll_receive(port, usize::MAX, cx)
                .map_ok(|()| arrivals.len())
        })
    });
    received.await.unwrap()
}

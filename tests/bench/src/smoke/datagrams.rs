use std::{
    net::{SocketAddr, UdpSocket},
    thread,
};

use crate::{
    client::{Door, Way},
    udp::{Client, Outcome, load},
};

/// A relay to a target, in one: what it does with the `n`-th datagram.
fn relay(answers: impl Fn(u64, &mut Vec<u8>) -> usize + Send + 'static) -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let addr = socket.local_addr().unwrap();
    thread::spawn(move || {
        let mut buffer = [0; 2048];
        for number in 0.. {
            let (len, from) = socket.recv_from(&mut buffer).unwrap();
            let mut datagram = buffer[..len].to_vec();
            for _ in 0..answers(number, &mut datagram) {
                socket.send_to(&datagram, from).unwrap();
            }
        }
    });
    addr
}

fn outcome(answers: impl Fn(u64, &mut Vec<u8>) -> usize + Send + 'static) -> Outcome {
    let door = Door {
        addr: relay(answers),
        way: Way::Straight,
    };
    let target = "127.0.0.1:9".parse().unwrap();
    let client = Client::new(&door, target, 64).unwrap();
    load(&mut [client], 8, 200).unwrap()
}

#[test]
fn datagrams_that_are_right() {
    let outcome = outcome(|_, _| 1);
    assert_eq!((outcome.sent, outcome.echoed), (200, 200));
    assert_eq!((outcome.late, outcome.wrong), (0, 0));
}

#[test]
fn lost_datagrams() {
    let outcome = outcome(|number, _| usize::from(number % 10 != 0));
    assert_eq!((outcome.sent, outcome.echoed), (200, 180));
}

#[test]
fn damaged_datagrams() {
    let outcome = outcome(|number, datagram| {
        if number == 100 {
            let last = datagram.len() - 1;
            datagram[last] ^= 1;
        }
        1
    });
    assert_eq!((outcome.sent, outcome.echoed, outcome.wrong), (200, 199, 1));
}

#[test]
fn datagrams_that_come_twice() {
    let outcome = outcome(|number, _| if number == 100 { 2 } else { 1 });
    assert_eq!((outcome.echoed, outcome.late), (200, 1));
}

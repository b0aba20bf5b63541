//! What stands beside the relays, in processes of its own: the target, and a forwarder that knows
//! nothing of SOCKS.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr, UdpSocket},
    sync::atomic::{AtomicU16, Ordering},
    thread::{park, scope},
};

use super::pieces;

/// Longer than anything the load sends.
const BUFFER: usize = 2048;

fn socket() -> io::Result<UdpSocket> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    eprintln!("listening on {}", socket.local_addr()?);
    Ok(socket)
}

/// `count` sockets that send back what they get, each with a thread of its own: two system calls a
/// datagram or piece, and no receive buffer that associations share.
pub(crate) fn echo(count: usize, in_pieces: bool) -> io::Result<()> {
    scope(|scope| {
        for _ in 0..count {
            let socket = socket()?;
            if in_pieces {
                pieces::take(&socket)?;
                scope.spawn(move || echo_pieces(&socket));
                continue;
            }
            scope.spawn(move || {
                let mut buffer = [0; BUFFER];
                loop {
                    if let Ok((len, from)) = socket.recv_from(&mut buffer) {
                        let _ = socket.send_to(&buffer[..len], from);
                    }
                }
            });
        }
        loop {
            park();
        }
    })
}

fn echo_pieces(socket: &UdpSocket) {
    let mut buffer = vec![0; 65_536];
    loop {
        if let Ok((len, segment, SocketAddr::V4(from))) = pieces::receive(socket, &mut buffer) {
            let piece = &buffer[..len];
            let _ = match segment < len {
                true => pieces::send(socket, piece, segment, Some(from)),
                false => socket.send_to(piece, from).map(drop),
            };
        }
    }
}

/// A socket for each of `targets`: what it gets goes there, and what comes back goes to whoever
/// sent last. Each way has a blocking thread and two system calls a datagram. That is what a relay
/// without batches, headers or rules costs.
pub(crate) fn forward(targets: &[SocketAddr]) -> io::Result<()> {
    scope(|scope| {
        for target in targets {
            let outside = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
            outside.connect(target)?;
            let (outside, inside) = (&*Box::leak(Box::new(outside)), socket()?);
            let inside = &*Box::leak(Box::new(inside));
            let client = &*Box::leak(Box::new(AtomicU16::new(0)));
            scope.spawn(move || {
                let mut buffer = [0; BUFFER];
                loop {
                    if let Ok((len, from)) = inside.recv_from(&mut buffer) {
                        client.store(from.port(), Ordering::Relaxed);
                        let _ = outside.send(&buffer[..len]);
                    }
                }
            });
            scope.spawn(move || {
                let mut buffer = [0; BUFFER];
                loop {
                    if let Ok(len) = outside.recv(&mut buffer) {
                        let client = (Ipv4Addr::LOCALHOST, client.load(Ordering::Relaxed));
                        let _ = inside.send_to(&buffer[..len], client);
                    }
                }
            });
        }
        loop {
            park();
        }
    })
}

//! Splicing between tokio's TCP sockets, through a [`Pipe`].

use std::{
    io::{self, ErrorKind::WouldBlock},
    task::{Context, Poll, ready},
};

use tokio::{io::Interest, net::TcpStream};

use super::pipe::Pipe;

/// Moves what has arrived at `source` into an empty pipe. 0 is the end.
pub(super) fn poll_fill(
    cx: &mut Context<'_>,
    pipe: &mut Pipe,
    source: &TcpStream,
) -> Poll<io::Result<usize>> {
    loop {
        ready!(source.poll_read_ready(cx))?;
        match source.try_io(Interest::READABLE, || pipe.fill(source)) {
            Err(error) if error.kind() == WouldBlock => {}
            filled => return Poll::Ready(filled),
        }
    }
}

/// Moves everything the pipe holds to `sink`. `moved` is told of every octet that the sink took.
pub(super) fn poll_drain(
    cx: &mut Context<'_>,
    pipe: &mut Pipe,
    sink: &TcpStream,
    moved: &mut dyn FnMut(usize),
) -> Poll<io::Result<()>> {
    while pipe.held() > 0 {
        ready!(sink.poll_write_ready(cx))?;
        match sink.try_io(Interest::WRITABLE, || pipe.drain(sink)) {
            Ok(0) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
            Ok(octets) => moved(octets),
            Err(error) if error.kind() == WouldBlock => {}
            Err(error) => return Poll::Ready(Err(error)),
        }
    }
    Poll::Ready(Ok(()))
}

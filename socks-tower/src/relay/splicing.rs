//! Splicing between tokio's TCP sockets, through a [`Pipe`].

#[cfg(test)]
use std::{cell::Cell, thread::LocalKey};
use std::{
    io::{self, ErrorKind::WouldBlock},
    task::{Context, Poll, ready},
};

use tokio::{io::Interest, net::TcpStream};

use super::pipe::Pipe;

/// Moves what has arrived at `source`, `most` octets of it, into an empty pipe. 0 if nothing has that can be spliced: whether
/// anything has at all, and whether this is the end, must then be asked by reading. `source` is left ready
/// for that.
pub(super) fn poll_fill(
    cx: &mut Context<'_>,
    pipe: &mut Pipe,
    source: &TcpStream,
    most: usize,
) -> Poll<io::Result<usize>> {
    ready!(source.poll_read_ready(cx))?;
    let filled = source.try_io(Interest::READABLE, || or_nothing(pipe.fill(source, most)));
    let filled = or_nothing(filled);
    #[cfg(test)]
    passed(&FILLED, filled.as_ref().copied().unwrap_or_default());
    Poll::Ready(filled)
}

fn or_nothing(result: io::Result<usize>) -> io::Result<usize> {
    match result {
        Err(error) if error.kind() == WouldBlock => Ok(0),
        result => result,
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
            Ok(octets) => {
                #[cfg(test)]
                passed(&DRAINED, octets);
                moved(octets);
            }
            Err(error) if error.kind() == WouldBlock => {}
            Err(error) => return Poll::Ready(Err(error)),
        }
    }
    Poll::Ready(Ok(()))
}

// Which way octets took cannot be seen from outside, and a test of splicing that copies proves nothing.
#[cfg(test)]
thread_local! {
    /// Octets that this thread moved into pipes.
    pub(super) static FILLED: Cell<usize> = const { Cell::new(0) };
    /// Octets that this thread moved out of pipes.
    pub(super) static DRAINED: Cell<usize> = const { Cell::new(0) };
}

#[cfg(test)]
fn passed(counter: &'static LocalKey<Cell<usize>>, octets: usize) {
    counter.set(counter.get() + octets);
}

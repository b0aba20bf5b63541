use std::{
    io,
    task::{Context, Poll, ready},
};

use socks_core::message::Endpoint;
use tokio::net::{UnixListener, UnixStream, unix::SocketAddr};

use super::{Listener, tcp::aborted};
use crate::Incoming;

impl Listener for UnixListener {
    type Io = UnixStream;

    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Incoming<UnixStream>>> {
        let (stream, peer) = ready!(UnixListener::poll_accept(self, cx))?;
        let local = stream.local_addr().map_err(aborted)?;
        Poll::Ready(Ok(Incoming::new(stream, endpoint(&peer), endpoint(&local))))
    }

    fn local_endpoint(&self) -> io::Result<Endpoint> {
        self.local_addr().map(|addr| endpoint(&addr))
    }
}

fn endpoint(addr: &SocketAddr) -> Endpoint {
    Endpoint::Unix(addr.as_pathname().map(|path| path.to_string_lossy().into()))
}

use std::{
    fmt, io,
    task::{Context, Poll},
};

use socks_core::message::Endpoint;

use super::Listener;
use crate::Incoming;

/// A listener whose streams pass through a closure ([`ListenerExt::map_io`](crate::ListenerExt::map_io)).
#[derive(Clone)]
pub struct MapIo<L, F> {
    listener: L,
    map: F,
}

impl<L, F> MapIo<L, F> {
    pub(super) fn new(listener: L, map: F) -> Self {
        Self { listener, map }
    }
}

impl<L, F, T> Listener for MapIo<L, F>
where
    L: Listener,
    F: FnMut(L::Io) -> T + Send + 'static,
    T: Send + 'static,
{
    type Io = T;

    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Incoming<T>>> {
        self.listener
            .poll_accept(cx)
            .map_ok(|incoming| incoming.map_io(&mut self.map))
    }

    fn local_endpoint(&self) -> io::Result<Endpoint> {
        self.listener.local_endpoint()
    }

    fn prepare(&mut self) -> io::Result<()> {
        self.listener.prepare()
    }
}

impl<L: fmt::Debug, F> fmt::Debug for MapIo<L, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MapIo")
            .field("listener", &self.listener)
            .finish_non_exhaustive()
    }
}

use std::{
    io,
    sync::Arc,
    task::{Context, Poll},
};

use socks_core::message::Endpoint;

use super::Listener;
use crate::Incoming;

/// A listener with a name ([`ListenerExt::named`](crate::ListenerExt::named)).
#[derive(Clone, Debug)]
pub struct NamedListener<L> {
    listener: L,
    name: Arc<str>,
}

impl<L> NamedListener<L> {
    pub(super) fn new(listener: L, name: Arc<str>) -> Self {
        Self { listener, name }
    }
}

impl<L: Listener> Listener for NamedListener<L> {
    type Io = L::Io;

    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Incoming<L::Io>>> {
        self.listener
            .poll_accept(cx)
            .map_ok(|incoming| incoming.listener(Arc::clone(&self.name)))
    }

    fn local_endpoint(&self) -> io::Result<Endpoint> {
        self.listener.local_endpoint()
    }

    fn prepare(&mut self) -> io::Result<()> {
        self.listener.prepare()
    }
}

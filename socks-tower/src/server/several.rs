use std::{
    io,
    task::{Context, Poll},
};

use socks_core::message::Endpoint;

use super::Listener;
use crate::Incoming;

/// Several listeners as one, in turns: whoever was accepted from is asked last the next time, so a
/// busy listener cannot starve the others. The elements change their order by that.
///
/// [`local_endpoint`](Listener::local_endpoint) is the first element's; ask each one before the
/// listeners are served to know them all. An error of one is the error of all. An empty `Vec` could
/// only wait for ever, so each call fails with [`InvalidInput`](io::ErrorKind::InvalidInput), which
/// ends [`serve`](crate::serve).
impl<L: Listener> Listener for Vec<L> {
    type Io = L::Io;

    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Incoming<L::Io>>> {
        if self.is_empty() {
            return Poll::Ready(Err(no_listener()));
        }
        let first_ready = self
            .iter_mut()
            .enumerate()
            .find_map(|(index, listener)| match listener.poll_accept(cx) {
                Poll::Ready(accepted) => Some((index, accepted)),
                Poll::Pending => None,
            });
        match first_ready {
            Some((index, accepted)) => {
                self.rotate_left(index + 1);
                Poll::Ready(accepted)
            }
            None => Poll::Pending,
        }
    }

    fn local_endpoint(&self) -> io::Result<Endpoint> {
        self.first().ok_or_else(no_listener)?.local_endpoint()
    }

    fn prepare(&mut self) -> io::Result<()> {
        self.iter_mut().try_for_each(Listener::prepare)
    }
}

fn no_listener() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "there is no listener")
}

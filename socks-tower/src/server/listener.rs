use std::{
    io,
    sync::Arc,
    task::{Context, Poll},
};

use socks_core::message::Endpoint;

use super::{MapIo, NamedListener};
use crate::Incoming;

/// Where connections come from.
///
/// Implemented for tokio's TCP and unix listeners, for a box, and for a `Vec` of listeners, which
/// takes turns between them. It is poll based so that several can be waited for as one.
///
/// ```
/// use socks_tower::{Listener, ListenerExt, TcpListenerOptions};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// let inside = TcpListenerOptions::new().bind("127.0.0.1:0".parse().unwrap())?;
/// let outside = TcpListenerOptions::new().bind("127.0.0.1:0".parse().unwrap())?;
/// println!("{} and {}", inside.local_endpoint()?, outside.local_endpoint()?);
/// let both = vec![inside.named("inside"), outside.named("outside")];
/// # drop(both);
/// # Ok(())
/// # }
/// ```
pub trait Listener: Send + 'static {
    /// The stream of an accepted connection.
    type Io: Send + 'static;

    /// Accepts the next connection. When there is none, the task of `cx` is woken once there is;
    /// only the task of the latest call needs to be.
    ///
    /// # Errors
    ///
    /// [`serve`](crate::serve) goes by the kind of error:
    ///
    /// - one connection failed (aborted, reset, refused, timed out, broken pipe, unexpected end, the network's
    ///   own errors, interrupted): it accepts the next;
    /// - descriptors, buffers or memory ran out, or any error of the operating system that it does
    ///   not know: it pauses, then tries again;
    /// - the socket cannot accept (`EBADF`, `EINVAL`, `ENOTSOCK`), or any other error that is not
    ///   the operating system's: it ends.
    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Incoming<Self::Io>>>;

    /// Where this listener listens.
    ///
    /// # Errors
    ///
    /// The operating system's, when it cannot tell.
    fn local_endpoint(&self) -> io::Result<Endpoint>;

    /// Called once by [`serve`](crate::serve), before the first accept. TCP listeners set here what
    /// accepted sockets inherit. Does nothing unless it is overridden; a listener around another
    /// one passes the call on.
    ///
    /// # Errors
    ///
    /// What makes the listener useless; `serve` ends with it.
    fn prepare(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<L: Listener + ?Sized> Listener for Box<L> {
    type Io = L::Io;

    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Incoming<Self::Io>>> {
        (**self).poll_accept(cx)
    }

    fn local_endpoint(&self) -> io::Result<Endpoint> {
        (**self).local_endpoint()
    }

    fn prepare(&mut self) -> io::Result<()> {
        (**self).prepare()
    }
}

/// What every [`Listener`] can be turned into.
pub trait ListenerExt: Listener + Sized {
    /// Names the listener: rules and reports see it in
    /// [`Incoming::listener`](crate::Incoming::listener).
    fn named(self, name: impl Into<Arc<str>>) -> NamedListener<Self> {
        NamedListener::new(self, name.into())
    }

    /// Passes each accepted stream through `map`: to set an option, or to give several kinds of
    /// listener one type of stream. It runs between two accepts, so it must not block.
    ///
    /// ```
    /// use socks_tower::{ListenerExt, TcpListenerOptions};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let listener = TcpListenerOptions::new().bind("127.0.0.1:0".parse().unwrap())?;
    /// let listener = listener.map_io(|stream| {
    ///     if let Err(error) = stream.set_nodelay(false) {
    ///         eprintln!("{error}");
    ///     }
    ///     stream
    /// });
    /// # drop(listener);
    /// # Ok(())
    /// # }
    /// ```
    fn map_io<F, T>(self, map: F) -> MapIo<Self, F>
    where
        F: FnMut(Self::Io) -> T + Send + 'static,
        T: Send + 'static,
    {
        MapIo::new(self, map)
    }
}

impl<L: Listener> ListenerExt for L {}

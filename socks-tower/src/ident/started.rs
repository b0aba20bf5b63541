use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use socks_core::message::IdentHint;
use tokio::sync::watch;

/// A lookup that began with the connection, for the authenticator's layer to wait for.
#[derive(Clone, Debug)]
pub(super) struct Started(watch::Receiver<Option<Answer>>);

/// `None` if nobody was named.
type Answer = Option<IdentHint>;

impl Started {
    /// The answer. There is none from a session that is over.
    pub(super) async fn answer(&self) -> Answer {
        let mut answer = self.0.clone();
        let answer = answer.wait_for(Option::is_some).await;
        answer.ok().and_then(|answer| answer.clone().flatten())
    }
}

/// The lookup itself, which the session drives, so that it ends with it (`ID-4`).
pub(super) struct Running {
    lookup: Pin<Box<dyn Future<Output = Answer> + Send>>,
    answer: watch::Sender<Option<Answer>>,
}

impl Running {
    pub(super) fn new(lookup: impl Future<Output = Answer> + Send + 'static) -> (Self, Started) {
        let (answer, started) = watch::channel(None);
        let lookup = Box::pin(lookup);
        (Self { lookup, answer }, Started(started))
    }

    /// Whether it is over and the answer told.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.lookup.as_mut().poll(cx).map(|answer| {
            self.answer.send_replace(Some(answer));
        })
    }
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running").finish_non_exhaustive()
    }
}

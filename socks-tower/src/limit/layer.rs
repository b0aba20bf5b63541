use tower_layer::Layer;

use super::{Limited, Limits};

/// Puts limits around an access controller; see the [module](crate::limit).
///
/// The access controller is asked first, and hears which volumes are used up
/// ([`UsedUp`](socks_core::message::UsedUp)). What it allows takes its place of every limit that applies,
/// or of none, until the session ends; the permit gets a [`Meter`](super::Meter). Where a limit is
/// reached the client is refused: with `02` by a limit for one network, user, group or session, and with
/// `01` by one for all of a listener or of the server (`SE-20`).
///
/// Questions at other points of a session than its request
/// ([`AccessPoint`](socks_core::message::AccessPoint)) take nothing.
///
/// Around a `Service<AcceptRequest>` it does the same for connections, with what is known then.
#[derive(Clone, Debug)]
pub struct LimitLayer {
    limits: Limits,
}

impl LimitLayer {
    /// Puts `limits` around access controllers.
    pub const fn new(limits: Limits) -> Self {
        Self { limits }
    }
}

impl<S> Layer<S> for LimitLayer {
    type Service = Limited<S>;

    fn layer(&self, inner: S) -> Limited<S> {
        Limited {
            inner,
            limits: self.limits.clone(),
        }
    }
}

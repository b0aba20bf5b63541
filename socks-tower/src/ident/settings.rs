use std::{fmt, net::SocketAddr, sync::Arc, time::Duration};

use socks_core::{
    UserId,
    message::{Endpoint, IdentHint, Rejection},
};
use tokio::time::{Instant, timeout_at};
use tracing::debug;

use super::{IdentPolicy, error::IdentError, lookup::lookup, slots::Slots};
use crate::time::after;

/// What both places of a layer share.
#[derive(Clone)]
pub(super) struct Settings {
    pub(super) policy: Arc<Policy>,
    pub(super) timeout: Duration,
    pub(super) port: u16,
    pub(super) loopback: bool,
    pub(super) accept_other: bool,
    pub(super) max: usize,
    pub(super) max_per_client: usize,
    pub(super) slots: Arc<Slots>,
}

pub(super) type Policy = dyn Fn(&Endpoint) -> IdentPolicy + Send + Sync;

impl Settings {
    /// Both ends of the client's connection, if its host may be asked about it (`ID-3`, `ID-27`).
    pub(super) fn ends(
        &self,
        direct: bool,
        peer: &Endpoint,
        local: &Endpoint,
    ) -> Option<(SocketAddr, SocketAddr)> {
        let (peer, local) = (peer.socket_addr()?, local.socket_addr()?);
        (direct && (self.loopback || !peer.ip().is_loopback())).then_some((peer, local))
    }

    /// Asks, by the deadline that counts from `start`. Whatever goes wrong is the same to the
    /// caller.
    pub(super) async fn ask(
        &self,
        (peer, local): (SocketAddr, SocketAddr),
        start: Instant,
    ) -> Option<IdentHint> {
        let asked = async {
            let slot = self.slots.take(peer.ip()).await;
            let answer = lookup(peer, local, self.port).await;
            drop(slot);
            answer
        };
        let answer = timeout_at(after(start, self.timeout), asked).await;
        match answer.unwrap_or(Err(IdentError::TimedOut)) {
            Ok(answer) => {
                let hint = IdentHint::new(answer);
                debug!(%peer, ident = %hint);
                Some(hint)
            }
            Err(error) => {
                debug!(%peer, %error, "no ident");
                None
            }
        }
    }

    /// Whether a client of whom ident is required is let in. `claim` is the user id of a SOCKS4
    /// request.
    pub(super) fn check(
        &self,
        hint: Option<&IdentHint>,
        claim: Option<&UserId>,
    ) -> Result<(), Rejection> {
        let answer = hint.ok_or(Rejection::IdentUnreachable)?.answer();
        let names_user = self.accept_other || answer.names_user();
        let names_client = claim.is_none_or(|claim| answer.equals(claim));
        match names_user && names_client {
            true => Ok(()),
            false => Err(Rejection::IdentMismatch),
        }
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("timeout", &self.timeout)
            .field("port", &self.port)
            .field("loopback", &self.loopback)
            .field("accept_other", &self.accept_other)
            .field("max_lookups", &self.max)
            .field("max_lookups_per_client", &self.max_per_client)
            .finish_non_exhaustive()
    }
}

//! UDP ASSOCIATE (RFC 1928 §6): the association lives as long as the client's connection.

use socks_core::{ReplyCode, message::Associate};
use tokio::io::{AsyncRead, AsyncWrite};

use super::driver::{Admitted, Session};
use crate::{BoxError, SessionEnd};

/// Octets on the control connection after the reply that are borne (`UD-37`).
const MAX_CONTROL: usize = 4096;

pub(super) async fn run<Io, U, R>(
    session: &mut Session<'_, Io, U, R>,
    admitted: Admitted,
) -> SessionEnd
where
    Io: AsyncRead + AsyncWrite + Unpin,
    U: Send + 'static,
{
    let Admitted {
        requested,
        conn,
        identity,
        destination,
        permit,
    } = admitted;
    let Some(relayer) = &session.shared.phases.udp_relayer else {
        return session.refuse(requested, ReplyCode::COMMAND_NOT_SUPPORTED);
    };
    // Kept here as well: it may hold a slot for as long as the association lives.
    let mut associate = Associate::new(conn, identity, destination, permit.clone());
    let protected = session.wire.is_protected();
    if protected {
        associate.protection = session.wire.datagram_protection();
        if associate.protection.is_none() {
            return session.fail(requested, unprotected("the method"));
        }
    }
    let association = match session.wire.phase(relayer.ask(associate)).await {
        Ok(Ok(association)) => association,
        Ok(Err(error)) => return session.fail(requested, error),
        Err(end) => return end,
    };
    if protected && !association.protected {
        return session.fail(requested, unprotected("the UDP relayer"));
    }
    session.report.bound = Some(association.addr);
    session.report.datagrams = Some(association.datagrams);
    requested.succeed(association.addr, session.wire.output());
    if let Err(end) = session.wire.flush().await {
        return end;
    }
    let end = session.wire.accompany(association.relay, MAX_CONTROL).await;
    session.traffic.add_sent(association.traffic.sent());
    session.traffic.add_received(association.traffic.received());
    drop(permit);
    match end {
        None => SessionEnd::Closed,
        Some(Ok(())) => SessionEnd::Idle,
        Some(Err(error)) => session.report.relay_failed(error),
    }
}

/// Behind a protection nothing is relayed in clear (`UD-19`).
fn unprotected(who: &str) -> BoxError {
    format!("{who} does not protect datagrams").into()
}

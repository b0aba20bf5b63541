//! CONNECT (RFC 1928 §6).

use socks_core::message::Connect;
use std::{future::Future, sync::Arc};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::Instant,
};

use super::driver::{Admitted, Established, Session};
use crate::SessionEnd;

pub(super) fn run<Io, U, R>(
    session: &mut Session<'_, Io, U, R>,
    admitted: Admitted,
) -> impl Future<Output = Result<Established<U>, SessionEnd>>
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
    let connect = Connect::new(
        conn,
        Arc::clone(&identity),
        destination.clone(),
        permit.clone(),
    );
    let asked = Instant::now();
    let mut connecting = session.shared.phases.connector.ask(connect);
    async move {
        let mut connected = match session.wire.phase(&mut connecting).await? {
            Ok(connected) => connected,
            Err(error) => return Err(session.fail(requested, error)),
        };
        session.report.dial = Some(asked.elapsed());
        session.report.bound = Some(connected.bound);
        session.report.remote = connected.remote;
        requested.succeed(connected.bound, session.wire.output());
        session.say(&mut connected.stream).await?;
        Ok(Established {
            target: connected.stream,
            identity,
            destination,
            permits: (permit, None),
        })
    }
}

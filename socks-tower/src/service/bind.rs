//! BIND (RFC 1928 §6): two replies, and the tunnel is with whoever connected.

use std::sync::Arc;

use socks_core::{ReplyCode, message::Bind};
use tokio::io::{AsyncRead, AsyncWrite};

use super::{
    driver::{Admitted, Established, Session},
    phases::ask,
    wire::Waited,
};
use crate::{SessionEnd, time::from_now};

pub(super) async fn run<Io, U, R>(
    session: &mut Session<'_, Io, U, R>,
    admitted: Admitted,
) -> Result<Established<U>, SessionEnd>
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
    let Some(binder) = &session.shared.phases.binder else {
        return Err(session.refuse(requested, ReplyCode::COMMAND_NOT_SUPPORTED));
    };
    let bind = Bind::new(
        Arc::clone(&conn),
        Arc::clone(&identity),
        destination.clone(),
        permit.clone(),
    );
    let bound = match session.wire.phase(ask(binder, bind)).await? {
        Ok(bound) => bound,
        Err(error) => return Err(session.fail(requested, error)),
    };
    session.report.bound = Some(bound.addr);
    let awaiting = requested.listening(bound.addr, session.wire.output());

    session
        .wire
        .set_deadline(from_now(session.shared.deadlines.bind));
    let error = match session.wire.wait(bound.accept, true).await? {
        Waited::Done(Ok(accepted)) => {
            session.report.remote = Some(accepted.peer);
            awaiting.succeed(accepted.peer, session.wire.output());
            session.wire.flush().await?;
            return Ok(Established {
                target: accepted.stream,
                conn,
                identity,
                destination,
                permit,
            });
        }
        Waited::Done(Err(error)) => error,
        Waited::TimedOut => std::io::Error::from(std::io::ErrorKind::TimedOut).into(),
    };
    let code = session.code(&error);
    awaiting.refuse(code, None, session.wire.output());
    Err(SessionEnd::Failed { code, error })
}

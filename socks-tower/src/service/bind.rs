//! BIND (RFC 1928 §6): two replies, and the tunnel is with whoever connected.

use std::{io, net::SocketAddr, sync::Arc};

use socks_core::{
    Command, ReplyCode,
    message::{AccessPoint, AccessRequest, Bind, ConnInfo, Identity, Permit, Verdict},
    server::AwaitingPeer,
};
use tokio::io::{AsyncRead, AsyncWrite};

use super::{
    driver::{Admitted, Established, Session},
    wire::Waited,
};
use crate::{BoxError, SessionEnd, reply_code::stranger, stream::reset_on_close, time::from_now};

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
    let bound = match session.wire.phase(binder.ask(bind)).await? {
        Ok(bound) => bound,
        Err(error) => return Err(session.fail(requested, error)),
    };
    session.report.bound = Some(bound.addr);
    session.publish();
    let awaiting = requested.listening(bound.addr, session.wire.output());

    // The wait for the peer and the decision about it have this together (BI-15).
    session
        .wire
        .set_deadline(from_now(session.shared.deadlines.bind));
    session.wire.flush().await?;
    session.answered();
    let mut accepted = match session.wire.wait(bound.accept, true).await? {
        Waited::Done(Ok(accepted)) => accepted,
        Waited::Done(Err(error)) => return Err(session.fail_peer(awaiting, error)),
        Waited::TimedOut => return Err(session.fail_peer(awaiting, timed_out())),
    };
    session.report.remote = Some(accepted.peer);
    session.publish();
    let judged = session.admit_peer(awaiting, &conn, &identity, accepted.peer);
    let (awaiting, peer_permit) = match judged.await {
        Ok(admitted) => admitted,
        Err(end) => {
            reset_on_close(&accepted.stream);
            return Err(end);
        }
    };
    awaiting.succeed(accepted.peer, session.wire.output());
    session.say(&mut accepted.stream).await?;
    Ok(Established {
        target: accepted.stream,
        identity,
        destination,
        permits: (permit, Some(Box::new(peer_permit))),
    })
}

impl<Io, U, R> Session<'_, Io, U, R>
where
    Io: AsyncRead + AsyncWrite + Unpin,
    U: Send + 'static,
{
    /// Asks whether the peer may be handed to the client: an operation of its own for access rules
    /// (`BI-22`). Until that is decided nothing the peer sent is read (`SE-57`).
    async fn admit_peer(
        &mut self,
        awaiting: AwaitingPeer,
        conn: &Arc<ConnInfo>,
        identity: &Arc<Identity>,
        peer: SocketAddr,
    ) -> Result<(AwaitingPeer, Permit), SessionEnd> {
        let request = AccessRequest::new(
            Arc::clone(conn),
            Arc::clone(identity),
            Command::Bind,
            peer.into(),
        )
        .at(AccessPoint::BindPeer);
        let asked = self.shared.phases.access.ask(request);
        let code = match self.wire.wait(asked, true).await? {
            Waited::Done(Ok(Verdict::Allow(permit))) if permit.permits(peer) => {
                return Ok((awaiting, permit));
            }
            Waited::Done(Ok(Verdict::Allow(_))) => ReplyCode::NOT_ALLOWED,
            Waited::Done(Ok(Verdict::Deny(denial))) => {
                let code = denial.code;
                self.denied(denial);
                code
            }
            Waited::Done(Err(error)) => return Err(self.fail_peer(awaiting, error)),
            Waited::TimedOut => return Err(self.fail_peer(awaiting, timed_out())),
        };
        awaiting.refuse(code, Some(peer), self.wire.output());
        Err(SessionEnd::Refused(code))
    }

    /// The second reply after the first was a success: the client is told what `error` stands for,
    /// and which stranger it names (`BI-12`).
    fn fail_peer(&mut self, awaiting: AwaitingPeer, error: BoxError) -> SessionEnd {
        let code = self.code(&error);
        awaiting.refuse(code, stranger(&*error), self.wire.output());
        SessionEnd::Failed { code, error }
    }
}

fn timed_out() -> BoxError {
    io::Error::from(io::ErrorKind::TimedOut).into()
}

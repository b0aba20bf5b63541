use std::{
    future::Future,
    sync::{Arc, LazyLock},
};

use super::{
    associate, bind, connect,
    negotiate::{authenticate, negotiate, rejected},
    socks_service::Shared,
    wire::Wire,
};
use crate::{
    BoxError, SessionEnd, SessionReport, Traffic, half_open::HalfOpenPlace, sessions::Live,
    stream::reset_on_close, time::from_now,
};
use futures_util::{FutureExt, future::Either};
use socks_core::{
    Address, Command, Method, Progress, ReplyCode,
    message::{
        AccessRequest, AuthRequest, Authentication, ConnInfo, Credentials, Denial, Identity,
        Permit, Rejection, Verdict, Version,
    },
    server::{Opening, Requested},
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::Instant,
};

/// Anonymous clients share one identity, which is what most servers keep for most of their tunnels.
fn shared(identity: Identity) -> Arc<Identity> {
    static ANONYMOUS: LazyLock<Arc<Identity>> = LazyLock::new(|| Arc::new(Identity::anonymous()));
    match identity.is_anonymous() {
        true => Arc::clone(&ANONYMOUS),
        false => Arc::new(identity),
    }
}

/// A session up to its tunnel.
pub(super) struct Session<'a, Io, U, R> {
    pub(super) shared: &'a Shared<U, R>,
    /// Where others watch it, if they do.
    pub(super) live: Option<&'a Live>,
    pub(super) report: &'a mut SessionReport,
    pub(super) traffic: &'a Arc<Traffic>,
    pub(super) wire: &'a mut Wire<Io>,
    /// Where it is counted until its request is answered.
    pub(super) half_open: Option<HalfOpenPlace>,
}

/// A request that was let through, on its way to its phase.
pub(super) struct Admitted {
    pub(super) requested: Requested,
    pub(super) conn: Arc<ConnInfo>,
    pub(super) identity: Arc<Identity>,
    pub(super) destination: Address,
    pub(super) permit: Permit,
}

/// A target that is connected, with the success reply on its way.
pub(super) struct Established<U> {
    pub(super) target: U,
    pub(super) identity: Arc<Identity>,
    pub(super) destination: Address,
    pub(super) permits: Permits,
}

/// What the access controller set for the request, and for the peer of a BIND.
pub(super) type Permits = (Permit, Option<Box<Permit>>);

impl<Io, U, R> Session<'_, Io, U, R>
where
    Io: AsyncRead + AsyncWrite + Unpin,
    U: Send + 'static,
{
    pub(super) async fn establish(
        &mut self,
        conn: &mut Arc<ConnInfo>,
        deadline: Instant,
    ) -> Result<Established<U>, SessionEnd> {
        let (identity, requested) = self.requested(conn, deadline).await?;
        self.report.command = Some(requested.command());
        self.report.destination = Some(requested.destination().clone());
        self.publish();
        self.wire
            .set_deadline(from_now(self.shared.deadlines.request));
        self.wire.allow_input(self.shared.early_data);
        if !self.shared.phases.serve(requested.command()) {
            // Switched off for everybody, so no rule is asked (R5-28).
            return Err(self.refuse(requested, ReplyCode::COMMAND_NOT_SUPPORTED));
        }
        // Whoever does not read its answers holds no place of the phases that come.
        self.wire.flush().await?;
        let admitted = self.admit(Arc::clone(conn), identity, requested).await?;
        self.perform(admitted).await
    }

    /// Hands the request to its phase.
    fn perform(
        &mut self,
        admitted: Admitted,
    ) -> impl Future<Output = Result<Established<U>, SessionEnd>> {
        // Boxed, so that a CONNECT does not make room for the others.
        match admitted.requested.command() {
            Command::Bind => Either::Right(Either::Left(Box::pin(bind::run(self, admitted)))),
            Command::UdpAssociate => {
                let associated = Box::pin(associate::run(self, admitted));
                Either::Right(Either::Right(associated.map(Err)))
            }
            _ => Either::Left(connect::run(self, admitted)),
        }
    }

    /// The client's request, and who it is that asks.
    async fn requested(
        &mut self,
        conn: &mut Arc<ConnInfo>,
        deadline: Instant,
    ) -> Result<(Arc<Identity>, Requested), SessionEnd> {
        let opening = self.opening(deadline).await?;
        match opening {
            Opening::Socks4(requested) => {
                // Nobody else has it yet.
                Arc::make_mut(conn).version = Version::Socks4;
                self.connected(conn);
                let (identity, requested) = self.identify4(conn, requested).await?;
                Ok((self.let_in(identity), requested))
            }
            Opening::Socks5(offered) => {
                self.connected(conn);
                let Shared {
                    phases,
                    methods,
                    slots,
                    ..
                } = self.shared;
                let (identity, mut awaiting) =
                    negotiate(phases, methods, slots, self.wire, conn, offered).await?;
                let identity = self.let_in(identity);
                loop {
                    let step = self
                        .wire
                        .step(|input, output| awaiting.receive(input, output));
                    match step.map_err(SessionEnd::Malformed)? {
                        Progress::Next(requested) => return Ok((identity, requested)),
                        Progress::NeedInput(same) => awaiting = same,
                    }
                    self.wire.receive().await?;
                }
            }
        }
    }

    /// Reads the client's first message.
    async fn opening(&mut self, deadline: Instant) -> Result<Opening, SessionEnd> {
        let mut handshake = self.shared.handshake;
        loop {
            let heard = self.wire.heard();
            self.wire.receive().await?;
            if !heard {
                self.wire.set_deadline(deadline);
            }
            match self
                .wire
                .step(|input, output| handshake.receive(input, output))
            {
                Ok(Progress::NeedInput(same)) => handshake = same,
                Ok(Progress::Next(opening)) => {
                    self.report.version = Some(match opening {
                        Opening::Socks4(_) => Version::Socks4,
                        Opening::Socks5(_) => Version::Socks5,
                    });
                    return Ok(opening);
                }
                Err(error) => return Err(SessionEnd::Malformed(error)),
            }
        }
    }

    /// SOCKS4 has no sub-negotiation: the user id is the only credential, and the reply the only
    /// answer (`S4-2`).
    async fn identify4(
        &mut self,
        conn: &Arc<ConnInfo>,
        requested: Requested,
    ) -> Result<(Identity, Requested), SessionEnd> {
        let Shared {
            phases, methods, ..
        } = self.shared;
        let authenticated = phases.authenticator.is_some();
        if !methods.serve(Method::NO_AUTHENTICATION, conn, authenticated) {
            // SOCKS4 is as good as method 00, so it goes where 00 goes (SE-36).
            requested.reject(Rejection::Credentials, self.wire.output());
            return Err(SessionEnd::Rejected(Rejection::Credentials));
        }
        let user_id = requested.user_id().cloned().unwrap_or_default();
        let method = Method::NO_AUTHENTICATION;
        let request = AuthRequest::new(Arc::clone(conn), method, Credentials::UserId(user_id));
        match authenticate(&self.shared.phases, self.wire, request).await? {
            (Authentication::Accepted(identity), _) => Ok((identity, requested)),
            (refused @ Authentication::Rejected(rejection), error) => {
                requested.reject(rejection, self.wire.output());
                Err(rejected(&refused, error))
            }
        }
    }

    /// Asks the access controller.
    fn admit(
        &mut self,
        conn: Arc<ConnInfo>,
        identity: Arc<Identity>,
        requested: Requested,
    ) -> impl Future<Output = Result<Admitted, SessionEnd>> {
        let mut asked = self.shared.phases.access.ask(AccessRequest::new(
            Arc::clone(&conn),
            Arc::clone(&identity),
            requested.command(),
            requested.destination().clone(),
        ));
        async move {
            match self.wire.phase(&mut asked).await? {
                Ok(Verdict::Allow(permit)) => {
                    self.report.terms = permit.terms.clone();
                    let destination = match &permit.destination {
                        None => Ok(requested.destination().clone()),
                        // A rewritten destination takes the one form that phases see, too.
                        Some(rewritten) => rewritten.canonical().inspect(|destination| {
                            // Before the rule is known: whoever knows that knows where to.
                            self.live
                                .iter()
                                .for_each(|live| live.rewritten(destination));
                        }),
                    };
                    self.publish();
                    let destination = match destination {
                        Ok(destination) => destination,
                        Err(error) => return Err(self.fail(requested, error.into())),
                    };
                    Ok(Admitted {
                        requested,
                        conn,
                        identity,
                        destination,
                        permit,
                    })
                }
                Ok(Verdict::Deny(denial)) => {
                    let code = denial.code;
                    self.denied(denial);
                    Err(self.refuse(requested, code))
                }
                Err(error) => Err(self.fail(requested, error)),
            }
        }
    }

    /// Says that there is a tunnel with `target`. A client that does not hear that may have sent
    /// something early, which is lost then, so the target is reset (`SE-49`).
    pub(super) async fn say(&mut self, target: &mut U) -> Result<(), SessionEnd> {
        self.publish();
        match self.wire.flush().await {
            Ok(()) => {
                self.opened(None);
                self.answered();
                Ok(())
            }
            Err(end) => {
                reset_on_close(target);
                Err(end)
            }
        }
    }

    /// The request has been answered with a success: the client is no half-open one any more
    /// (`SE-15`).
    pub(super) fn answered(&mut self) {
        if let Some(place) = self.half_open.take() {
            place.leave();
        }
    }

    /// The report says who refused it.
    pub(super) fn denied(&mut self, denial: Denial) {
        self.report.denied(denial);
        self.publish();
    }

    /// Whose session it is, which is known from here on even if it never asks for anything.
    fn let_in(&mut self, identity: Identity) -> Arc<Identity> {
        let identity = shared(identity);
        self.report.identity = Some(Arc::clone(&identity));
        self.publish();
        identity
    }

    fn connected(&self, conn: &Arc<ConnInfo>) {
        if let Some(live) = self.live {
            live.connected(conn);
        }
        self.publish();
    }

    /// Tells those who watch the session what the report has learned.
    pub(super) fn publish(&self) {
        if let Some(live) = self.live {
            live.learn(self.report);
        }
    }

    /// Tells them that the client has what it asked for; octets count there, if not where they do
    /// for every session.
    pub(super) fn opened(&self, traffic: Option<&Arc<Traffic>>) {
        if let Some(live) = self.live {
            live.opened(traffic);
        }
    }

    /// The client is told `code`, because somebody decided so.
    pub(super) fn refuse(&mut self, requested: Requested, code: ReplyCode) -> SessionEnd {
        requested.refuse(code, self.wire.output());
        SessionEnd::Refused(code)
    }

    /// The client is told what `error` stands for.
    pub(super) fn fail(&mut self, requested: Requested, error: BoxError) -> SessionEnd {
        let code = self.code(&error);
        requested.refuse(code, self.wire.output());
        SessionEnd::Failed { code, error }
    }

    pub(super) fn code(&self, error: &BoxError) -> ReplyCode {
        let error: &(dyn std::error::Error + 'static) = &**error;
        let overridden = self
            .shared
            .reply_codes
            .as_ref()
            .and_then(|codes| codes(error));
        let code = overridden.unwrap_or_else(|| crate::reply_code(error));
        let terms = self.report.terms.as_ref();
        match terms.is_some_and(|terms| terms.conceal) && tells(code) {
            true => ReplyCode::GENERAL_FAILURE,
            false => code,
        }
    }
}

/// Whether the code tells what exists behind the server (`SE-45`).
fn tells(code: ReplyCode) -> bool {
    matches!(
        code,
        ReplyCode::NETWORK_UNREACHABLE
            | ReplyCode::HOST_UNREACHABLE
            | ReplyCode::CONNECTION_REFUSED
            | ReplyCode::TTL_EXPIRED
    )
}

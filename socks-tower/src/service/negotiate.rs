use std::{borrow::Cow, fmt, future::Future, sync::Arc};

use socks_core::{
    Method,
    message::{AuthRequest, Authentication, ConnInfo, Credentials, Identity, Rejection},
    server::{AwaitingRequest, Negotiating, Negotiation, Offered},
    subnegotiation::{Subnegotiation, UsernamePassword},
};
use tokio::io::{AsyncRead, AsyncWrite};

use super::{
    blocking::Slots,
    phases::Phases,
    wire::{Waited, Wire},
};
use crate::{BoxError, SessionEnd};

/// Makes a method's sub-negotiation, one a session.
///
/// A pair of a method and a closure is one:
///
/// ```
/// # fn serve(socks: socks_tower::SocksService) -> socks_tower::SocksService {
/// use socks_core::{subnegotiation::UsernamePassword, Method};
///
/// socks.method((Method::USERNAME_PASSWORD, UsernamePassword::new))
/// # }
/// ```
pub trait MakeSubnegotiation: Send + Sync + 'static {
    /// The method.
    fn method(&self) -> Method;

    /// Begins a sub-negotiation with the client of `conn`.
    fn make(&self, conn: &ConnInfo) -> Box<dyn Subnegotiation>;
}

impl<F, S> MakeSubnegotiation for (Method, F)
where
    F: Fn() -> S + Send + Sync + 'static,
    S: Subnegotiation + 'static,
{
    fn method(&self) -> Method {
        self.0
    }

    fn make(&self, _: &ConnInfo) -> Box<dyn Subnegotiation> {
        Box::new((self.1)())
    }
}

impl<M: MakeSubnegotiation + ?Sized> MakeSubnegotiation for Arc<M> {
    fn method(&self) -> Method {
        (**self).method()
    }

    fn make(&self, conn: &ConnInfo) -> Box<dyn Subnegotiation> {
        (**self).make(conn)
    }
}

/// The methods that a service serves, and in which order it wants them.
#[derive(Clone, Default)]
pub(super) struct Methods {
    pub(super) preference: Preference,
    added: Vec<Arc<dyn MakeSubnegotiation>>,
}

/// Where the order of the methods comes from.
#[derive(Clone, Default)]
pub(super) enum Preference {
    /// What there is, 00 last.
    #[default]
    Default,
    /// The same list for every client.
    Fixed(Arc<[Method]>),
    /// A list that depends on the client's connection.
    ByConnection(Arc<MethodsFor>),
}

pub(super) type MethodsFor = dyn Fn(&ConnInfo) -> Arc<[Method]> + Send + Sync;

impl Methods {
    pub(super) fn add(&mut self, make: Arc<dyn MakeSubnegotiation>) {
        self.added.retain(|added| added.method() != make.method());
        self.added.insert(0, make);
    }

    /// The order in which methods are tried with the client of `conn`.
    fn preference(&self, conn: &ConnInfo, authenticated: bool) -> Cow<'_, [Method]> {
        const BUILT_IN: [Method; 2] = [Method::USERNAME_PASSWORD, Method::NO_AUTHENTICATION];
        match &self.preference {
            Preference::Fixed(preference) => (&**preference).into(),
            Preference::ByConnection(methods) => methods(conn).to_vec().into(),
            Preference::Default if !authenticated => (&[Method::NO_AUTHENTICATION]).into(),
            Preference::Default if self.added.is_empty() => (&BUILT_IN).into(),
            Preference::Default => {
                let added = self.added.iter().map(|added| added.method());
                let mut preference: Vec<_> = added.collect();
                for method in BUILT_IN {
                    if !preference.contains(&method) {
                        preference.push(method);
                    }
                }
                preference.into()
            }
        }
    }

    /// Whether a method may be selected at all for the client of `conn`.
    pub(super) fn serve(&self, method: Method, conn: &ConnInfo, authenticated: bool) -> bool {
        self.preference(conn, authenticated).contains(&method)
    }

    fn make(&self, method: Method, conn: &ConnInfo) -> Option<Box<dyn Subnegotiation>> {
        match self.added.iter().find(|added| added.method() == method) {
            Some(added) => Some(added.make(conn)),
            None if method == Method::USERNAME_PASSWORD => Some(Box::new(UsernamePassword::new())),
            None => None,
        }
    }
}

impl fmt::Debug for Preference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::Fixed(methods) => methods.fmt(f),
            Self::ByConnection(_) => f.write_str("by connection"),
        }
    }
}

impl fmt::Debug for Methods {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let added = self.added.iter().map(|added| added.method());
        f.debug_struct("Methods")
            .field("preference", &self.preference)
            .field("added", &added.collect::<Vec<_>>())
            .finish()
    }
}

/// Asks the authenticator. One that failed lets nobody in (`UP-17`), and neither does one that did
/// not answer in time; what happened is in the error.
pub(super) fn authenticate<Io, U>(
    phases: &Phases<U>,
    wire: &mut Wire<Io>,
    request: AuthRequest,
) -> impl Future<Output = Result<(Authentication, Option<BoxError>), SessionEnd>>
where
    Io: AsyncRead + AsyncWrite + Unpin,
{
    let asked = match (&phases.authenticator, &request.credentials) {
        (Some(authenticator), _) => Ok(authenticator.ask(request)),
        (None, claimed @ (Credentials::None | Credentials::UserId(_))) => {
            Err(Authentication::Accepted(Identity::claimed(claimed)))
        }
        // Nobody can judge a proof, so none is accepted.
        (None, _) => Err(Authentication::rejected()),
    };
    async move {
        Ok(match asked {
            Ok(mut asked) => match wire.phase(&mut asked).await? {
                Ok(authentication) => (authentication, None),
                Err(error) => (Authentication::rejected(), Some(error)),
            },
            Err(authentication) => (authentication, None),
        })
    }
}

/// Selects a method and runs its sub-negotiation, up to an authenticated client.
pub(super) async fn negotiate<Io, U>(
    phases: &Phases<U>,
    methods: &Methods,
    slots: &Slots,
    wire: &mut Wire<Io>,
    conn: &Arc<ConnInfo>,
    mut offered: Offered,
) -> Result<(Identity, AwaitingRequest), SessionEnd>
where
    Io: AsyncRead + AsyncWrite + Unpin,
{
    let mut failure = None;
    for &method in &*methods.preference(conn, phases.authenticator.is_some()) {
        if !offered.greeting().offers(method) {
            continue;
        }
        if let Some(subnegotiation) = methods.make(method, conn) {
            wire.allow_input(subnegotiation.input_limit());
            match offered.select(subnegotiation, wire.output()) {
                Ok(negotiating) => {
                    // Boxed, so that who needs no login does not make room for it.
                    let subnegotiation = subnegotiate(phases, slots, wire, conn, negotiating);
                    return Box::pin(subnegotiation).await;
                }
                Err(same) => offered = same,
            }
        } else if method == Method::NO_AUTHENTICATION {
            // Whoever needs a login must not get as far as a selection of 00 (R5-18).
            let request = AuthRequest::new(Arc::clone(conn), method, Credentials::None);
            match authenticate(phases, wire, request).await? {
                (Authentication::Accepted(identity), _) => {
                    match offered.no_authentication(wire.output()) {
                        Ok(awaiting) => return Ok((identity, awaiting)),
                        Err(same) => offered = same,
                    }
                }
                (Authentication::Rejected(_), error) => failure = failure.or(error),
            }
        }
    }
    offered.select_none(wire.output());
    Err(failure.map_or(SessionEnd::NoAcceptableMethod, SessionEnd::Authenticator))
}

/// Runs the sub-negotiation. One that ends from outside has its last words all the same.
async fn subnegotiate<Io, U>(
    phases: &Phases<U>,
    slots: &Slots,
    wire: &mut Wire<Io>,
    conn: &Arc<ConnInfo>,
    negotiating: Negotiating,
) -> Result<(Identity, AwaitingRequest), SessionEnd>
where
    Io: AsyncRead + AsyncWrite + Unpin,
{
    let last_words = negotiating.last_words();
    let steps = steps(phases, slots, wire, conn, negotiating).await;
    if let Err(SessionEnd::TimedOut) = &steps {
        wire.output().extend_from_slice(last_words);
    }
    steps
}

async fn steps<Io, U>(
    phases: &Phases<U>,
    slots: &Slots,
    wire: &mut Wire<Io>,
    conn: &Arc<ConnInfo>,
    mut negotiating: Negotiating,
) -> Result<(Identity, AwaitingRequest), SessionEnd>
where
    Io: AsyncRead + AsyncWrite + Unpin,
{
    let (method, last_words) = (negotiating.method(), negotiating.last_words());
    let mut accepted = None;
    loop {
        let step = wire.step(|input, output| negotiating.step(input, output));
        negotiating = match step.map_err(SessionEnd::Malformed)? {
            Negotiation::NeedInput(negotiating) => {
                wire.receive().await?;
                negotiating
            }
            Negotiation::Verify(verifying, credentials) => {
                // Whoever does not read its answers is no login that is being checked.
                wire.flush().await?;
                let request = AuthRequest::new(Arc::clone(conn), method, credentials);
                let (authentication, error) = authenticate(phases, wire, request).await?;
                let Some(negotiating) = verifying.decided(&authentication, wire.output()) else {
                    return Err(rejected(&authentication, error));
                };
                if let Authentication::Accepted(identity) = authentication {
                    accepted = Some(identity);
                }
                negotiating
            }
            Negotiation::Blocking(blocking) => {
                let work = Box::pin(slots.run(|| blocking.block()));
                match wire.wait(work, false).await? {
                    Waited::Done(Ok(negotiating)) => negotiating,
                    Waited::Done(Err(error)) => {
                        wire.output().extend_from_slice(last_words);
                        return Err(SessionEnd::Authenticator(error));
                    }
                    Waited::TimedOut => return Err(SessionEnd::TimedOut),
                }
            }
            Negotiation::Done(awaiting, protection) => {
                if let Some(protection) = protection {
                    wire.protect(protection).await?;
                }
                // A sub-negotiation that asked nobody has let nobody in.
                let identity = accepted.ok_or(SessionEnd::Rejected(Rejection::Credentials))?;
                return Ok((identity, awaiting));
            }
        };
    }
}

/// How a session ends whose client was not let in.
pub(super) fn rejected(authentication: &Authentication, error: Option<BoxError>) -> SessionEnd {
    match (authentication, error) {
        (_, Some(error)) => SessionEnd::Authenticator(error),
        (Authentication::Rejected(rejection), None) => SessionEnd::Rejected(*rejection),
        (Authentication::Accepted(_), None) => SessionEnd::Rejected(Rejection::Credentials),
    }
}

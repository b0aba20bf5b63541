use std::{
    convert::Infallible,
    error::Error as StdError,
    fmt,
    sync::Arc,
    task::{Context, Poll},
};

use socks_core::{
    Method, ReplyCode, message::ConnInfo, server::Handshake, subnegotiation::UsernamePassword,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tower_service::Service;

use super::{
    Deadlines, MakeSubnegotiation, SocksFuture,
    blocking::Slots,
    handshake,
    negotiate::{Methods, Preference},
    phases::Phases,
};
use crate::{
    AccessController, AdaptiveRelay, Authenticator, Binder, ClientStream, Connector, Incoming,
    Relay, SessionReport, UdpRelayer,
};

/// A SOCKS4, 4a and 5 server as a `tower::Service`: one accepted connection in, one
/// [`SessionReport`] out.
///
/// `U` is the stream that the connector opens, `R` the relay. What is not set refuses with the
/// right code: BIND and UDP ASSOCIATE without their phases with `07`; without an authenticator
/// only method 00 is offered; without an access controller the
/// [safe default](socks_acl::SafeDefault) decides.
///
/// The service is always ready. Cloning shares everything and costs one reference count.
pub struct SocksService<U = TcpStream, R = AdaptiveRelay> {
    pub(super) shared: Arc<Shared<U, R>>,
}

/// Overrides the table of reply codes for errors that it knows.
pub(super) type ReplyCodes = dyn Fn(&(dyn StdError + 'static)) -> Option<ReplyCode> + Send + Sync;

/// What all sessions of a service share.
pub(super) struct Shared<U, R> {
    pub(super) phases: Phases<U>,
    pub(super) relay: R,
    pub(super) handshake: Handshake,
    pub(super) methods: Methods,
    pub(super) slots: Slots,
    pub(super) deadlines: Deadlines,
    pub(super) reply_codes: Option<Arc<ReplyCodes>>,
    pub(super) early_data: usize,
}

impl<U: Send + 'static> SocksService<U> {
    /// Serves CONNECT through `connector`, to whomever the safe default lets.
    pub fn new(connector: impl Connector<U>) -> Self {
        Self {
            shared: Arc::new(Shared {
                phases: Phases::new(connector),
                relay: AdaptiveRelay::new(),
                handshake: Handshake::new(),
                methods: Methods::default(),
                slots: Slots::new(64),
                deadlines: Deadlines::default(),
                reply_codes: None,
                early_data: 16 * 1024,
            }),
        }
    }
}

impl<U: Send + 'static, R: Clone> SocksService<U, R> {
    /// Decides who a client is.
    ///
    /// Username/password (02) is then offered before no authentication (00), and the authenticator
    /// has the last word on both: it is asked about [`Credentials::None`] before 00 is selected.
    /// [`methods`](Self::methods) and [`methods_for`](Self::methods_for) change the offer.
    ///
    /// [`Credentials::None`]: socks_core::message::Credentials::None
    #[must_use]
    pub fn authenticator(mut self, authenticator: impl Authenticator) -> Self {
        self.edit().phases.set_authenticator(authenticator);
        self
    }

    /// Decides what a client may do, in place of the safe default.
    #[must_use]
    pub fn access(mut self, access: impl AccessController) -> Self {
        self.edit().phases.set_access(access);
        self
    }

    /// Serves BIND.
    #[must_use]
    pub fn binder(mut self, binder: impl Binder<U>) -> Self {
        self.edit().phases.set_binder(binder);
        self
    }

    /// Serves UDP ASSOCIATE.
    #[must_use]
    pub fn udp_relayer(mut self, udp_relayer: impl UdpRelayer) -> Self {
        self.edit().phases.set_udp_relayer(udp_relayer);
        self
    }

    /// Relays with `relay` in place of [`AdaptiveRelay`].
    #[must_use]
    pub fn relay<R2>(self, relay: R2) -> SocksService<U, R2> {
        let shared = Arc::try_unwrap(self.shared).unwrap_or_else(|shared| Shared::clone(&shared));
        let Shared {
            phases,
            relay: _,
            handshake,
            methods,
            slots,
            deadlines,
            reply_codes,
            early_data,
        } = shared;
        let shared = Shared {
            phases,
            relay,
            handshake,
            methods,
            slots,
            deadlines,
            reply_codes,
            early_data,
        };
        SocksService {
            shared: Arc::new(shared),
        }
    }

    /// Sets the methods that are served, most wanted first (`R5-13`). Those of other methods than
    /// 00 and 02 come with [`method`](Self::method). A client that offers none of them is answered
    /// FF (`R5-14`), and one that speaks SOCKS4 is refused with 5B unless 00 is in the list
    /// (`S4-2`, `SE-36`).
    #[must_use]
    pub fn methods(mut self, preference: impl IntoIterator<Item = Method>) -> Self {
        let preference = preference.into_iter().collect();
        self.edit().methods.preference = Preference::Fixed(preference);
        self
    }

    /// Sets them for each client apart: by listener, by address, by what accept-level layers
    /// learned (`R5-18`). Asked once a session, before anything is selected; otherwise as
    /// [`methods`](Self::methods), whose list this replaces.
    ///
    /// ```
    /// # fn serve(socks: socks_tower::SocksService) -> socks_tower::SocksService {
    /// use std::sync::Arc;
    ///
    /// use socks_core::Method;
    ///
    /// let login: Arc<[Method]> = Arc::new([Method::USERNAME_PASSWORD]);
    /// let open: Arc<[Method]> = Arc::new([Method::NO_AUTHENTICATION]);
    /// socks.methods_for(move |conn| Arc::clone(if conn.peer.is_local() { &open } else { &login }))
    /// # }
    /// ```
    #[must_use]
    pub fn methods_for(
        mut self,
        methods: impl Fn(&ConnInfo) -> Arc<[Method]> + Send + Sync + 'static,
    ) -> Self {
        self.edit().methods.preference = Preference::ByConnection(Arc::new(methods));
        self
    }

    /// Adds a method's sub-negotiation, or replaces one: a private method (80–FE), or an RFC 1929
    /// of your own. Unless [`methods`](Self::methods) or [`methods_for`](Self::methods_for)
    /// lists the order, it is preferred to those that were there before.
    #[must_use]
    pub fn method(mut self, make: impl MakeSubnegotiation) -> Self {
        self.edit().methods.add(Arc::new(make));
        self
    }

    /// How many sub-negotiations may do blocking work at once
    /// ([`Step::Blocking`](socks_core::subnegotiation::Step::Blocking)), such as those of GSSAPI,
    /// each on a thread of tokio's for such work; 64 by default, at least 1. The others wait, and
    /// all of it counts against the handshake's deadline. Work whose client is gone goes on to its
    /// end and counts until then; a runtime that is shut down waits for it, unless it is told not to
    /// ([`shutdown_background`](tokio::runtime::Runtime::shutdown_background)).
    #[must_use]
    pub fn max_blocking(mut self, at_once: usize) -> Self {
        self.edit().slots = Slots::new(at_once);
        self
    }

    /// Hands logins with an empty user name to the authenticator. Off by default (`UP-6`).
    #[must_use]
    pub fn empty_username(self, allow: bool) -> Self {
        self.method((Method::USERNAME_PASSWORD, move || {
            UsernamePassword::new().empty_username(allow)
        }))
    }

    /// Which protocols are served, and their extensions.
    #[must_use]
    pub fn handshake(mut self, handshake: Handshake) -> Self {
        self.edit().handshake = handshake;
        self
    }

    /// How long everything may take.
    #[must_use]
    pub fn deadlines(mut self, deadlines: Deadlines) -> Self {
        self.edit().deadlines = deadlines;
        self
    }

    /// Most octets that a client may send ahead of the reply (`R5-7`). Reading stops there until
    /// the tunnel is open. 16 KiB by default, 1 MiB at most, and never less than a handshake needs.
    #[must_use]
    pub fn early_data(mut self, octets: usize) -> Self {
        self.edit().early_data = octets;
        self
    }

    /// Overrides the reply codes of errors that `code` knows; the rest goes by
    /// [`reply_code`](fn@crate::reply_code).
    #[must_use]
    pub fn reply_codes(
        mut self,
        code: impl Fn(&(dyn StdError + 'static)) -> Option<ReplyCode> + Send + Sync + 'static,
    ) -> Self {
        self.edit().reply_codes = Some(Arc::new(code));
        self
    }

    fn edit(&mut self) -> &mut Shared<U, R> {
        Arc::make_mut(&mut self.shared)
    }
}

impl<Io, U, R> Service<Incoming<Io>> for SocksService<U, R>
where
    Io: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    U: Send + 'static,
    R: Relay<ClientStream<Io>, U>,
{
    type Response = SessionReport;
    type Error = Infallible;
    type Future = SocksFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, incoming: Incoming<Io>) -> SocksFuture {
        SocksFuture::new(handshake::handshake(Arc::clone(&self.shared), incoming))
    }
}

impl<U, R> Clone for SocksService<U, R> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
        }
    }
}

impl<U, R: Clone> Clone for Shared<U, R> {
    fn clone(&self) -> Self {
        Self {
            phases: self.phases.clone(),
            relay: self.relay.clone(),
            handshake: self.handshake,
            methods: self.methods.clone(),
            slots: self.slots.clone(),
            deadlines: self.deadlines,
            reply_codes: self.reply_codes.clone(),
            early_data: self.early_data,
        }
    }
}

impl<U, R> fmt::Debug for SocksService<U, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Shared {
            phases,
            handshake,
            methods,
            deadlines,
            ..
        } = &*self.shared;
        f.debug_struct("SocksService")
            .field("authenticator", &phases.authenticator.is_some())
            .field("binder", &phases.binder.is_some())
            .field("udp_relayer", &phases.udp_relayer.is_some())
            .field("handshake", handshake)
            .field("methods", methods)
            .field("deadlines", deadlines)
            .finish_non_exhaustive()
    }
}

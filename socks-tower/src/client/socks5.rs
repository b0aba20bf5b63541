use std::{fmt, net::SocketAddr, time::Duration};

use socks_core::{
    Address, Command, Secret, UserName,
    client::{Granted, Socks5, Subnegotiation, UsernamePassword},
    message::Version,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::UdpSocket,
};

use super::{
    ClientError, ClientTunnel, Listening, UdpAssociation, request::Request, udp, wire::Wire,
};

/// Longer than a server takes for handshake and connecting together, so that it is the server who
/// says that the target does not answer.
pub(super) const TIMEOUT: Duration = Duration::from_secs(60);

/// A SOCKS5 client before its request.
///
/// Without credentials it offers method 00. With them it offers nothing weaker, and does not obey
/// a server that selects something else (`SE-37`). See the [module](super) for an example.
#[must_use]
pub struct Socks5Client<S> {
    stream: S,
    offer: Socks5,
    credentials: bool,
    server: Option<SocketAddr>,
    timeout: Duration,
}

impl<S> Socks5Client<S> {
    pub(super) fn new(stream: S) -> Self {
        Self {
            stream,
            offer: Socks5::new(),
            credentials: false,
            server: None,
            timeout: TIMEOUT,
        }
    }

    /// Logs in by RFC 1929, in clear text.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](super::ClientErrorKind::InvalidInput): a field is empty or longer than 255
    /// octets (`UP-4`, `UP-6`, `UP-7`).
    pub fn username_password(
        self,
        username: impl Into<UserName>,
        password: impl Into<Secret>,
    ) -> Result<Self, ClientError> {
        Ok(self.method(UsernamePassword::new(username, password)?))
    }

    /// Offers a method, next to those offered before it.
    pub fn method(mut self, method: impl Subnegotiation + 'static) -> Self {
        self.offer = match self.credentials {
            true => self.offer.or(method),
            false => Socks5::only(method),
        };
        self.credentials = true;
        self
    }

    /// Offers method 00 as well, last: the server may then let everybody in without a login.
    pub fn or_no_authentication(mut self) -> Self {
        self.offer = self.offer.or_no_authentication();
        self.credentials = true;
        self
    }

    /// Offers what `offer` does.
    pub(super) fn offer(mut self, offer: Socks5) -> Self {
        self.offer = offer;
        self
    }

    /// At which address the proxy was reached. It stands in for an unspecified address in the
    /// replies to BIND and UDP ASSOCIATE (`UD-10`).
    /// [`Client::dial_socks5`](super::Client::dial_socks5) knows it.
    pub fn server(mut self, server: SocketAddr) -> Self {
        self.server = Some(server);
        self
    }

    /// How long it may take from here to the first reply; 60 seconds by default.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Socks5Client<S> {
    /// Connects to `destination`. A name goes out as a name, and the proxy resolves it (`R5-39`).
    ///
    /// # Errors
    ///
    /// See [`ClientErrorKind`](super::ClientErrorKind).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes the connection.
    pub async fn connect(
        self,
        destination: impl Into<Address>,
    ) -> Result<ClientTunnel<S>, ClientError> {
        let request = Request::new(Command::Connect, destination.into());
        let (wire, granted) = self.request(request).await?;
        let stream = wire.into_stream().await?;
        Ok(ClientTunnel::new(stream, granted.bound().clone()))
    }

    /// Connects without waiting: greeting, login, request and `payload` go out in one write, which
    /// saves the round trips of the handshake (`R5-6`, `UP-2`). With several methods on offer, or
    /// one that has to hear the server first, request and `payload` go out together as soon as the
    /// client is let in.
    ///
    /// The proxy learns credentials, destination and `payload` before it has said anything, even
    /// if it then selects no method. It sends `payload` on only after it has connected, so a
    /// refusal means that the target has seen none of it. It holds little of it while it connects
    /// (16 KiB in this crate): the future ends when all of `payload` is written, so what is large
    /// is better written to the tunnel.
    ///
    /// # Errors
    ///
    /// As [`connect`](Self::connect).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes the connection; how much of `payload` went out is unknown.
    pub async fn connect_with(
        self,
        destination: impl Into<Address>,
        payload: &[u8],
    ) -> Result<ClientTunnel<S>, ClientError> {
        let request = Request::new(Command::Connect, destination.into()).ahead(payload);
        let (wire, granted) = self.request(request).await?;
        let stream = wire.into_stream().await?;
        Ok(ClientTunnel::new(stream, granted.bound().clone()))
    }

    /// Has the proxy listen for one connection from `destination`, the host of a primary
    /// connection (`BI-1`, `BI-2`). The port is a wish for the listening port in this project's
    /// server and in Dante (`BI-3`); 0 wishes nothing.
    ///
    /// # Errors
    ///
    /// As [`connect`](Self::connect). A failing first reply is final (`BI-17`).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes the connection.
    pub async fn bind(self, destination: impl Into<Address>) -> Result<Listening<S>, ClientError> {
        let server = self.server;
        let request = Request::new(Command::Bind, destination.into());
        let (wire, granted) = self.request(request).await?;
        Ok(Listening::new(wire, granted, Version::Socks5, server))
    }

    /// Has the proxy relay datagrams for a new socket on a port that the system chooses.
    ///
    /// # Errors
    ///
    /// As [`connect`](Self::connect), and:
    /// [`InvalidInput`](super::ClientErrorKind::InvalidInput) if the relay's address is
    /// unspecified and the [`server`](Self::server)'s not known, or if a method's protection is
    /// around the connection that does not protect datagrams (`UD-19`).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes the connection.
    pub async fn udp_associate(self) -> Result<UdpAssociation<S>, ClientError> {
        let (relay, control) = self.associate(Address::UNSPECIFIED).await?;
        let socket = UdpSocket::bind(udp::any(relay)).await?;
        Ok(UdpAssociation::new(socket, relay, control))
    }

    /// Has the proxy relay datagrams for `socket`, which can reach the relay and is not connected.
    /// The request names its address if it is bound to a particular one, else zeros (`UD-3`).
    ///
    /// # Errors
    ///
    /// As [`udp_associate`](Self::udp_associate).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes the connection and the socket.
    pub async fn udp_associate_from(
        self,
        socket: UdpSocket,
    ) -> Result<UdpAssociation<S>, ClientError> {
        let local = socket.local_addr()?;
        let source = match local.ip().is_unspecified() {
            true => Address::UNSPECIFIED,
            false => local.into(),
        };
        let (relay, control) = self.associate(source).await?;
        Ok(UdpAssociation::new(socket, relay, control))
    }

    async fn associate(
        self,
        source: Address,
    ) -> Result<(SocketAddr, crate::ClientStream<S>), ClientError> {
        let server = self.server;
        let request = Request::new(Command::UdpAssociate, source);
        let (wire, granted) = self.request(request).await?;
        let relay = udp::relay(&granted, server)?;
        let control = wire.into_stream().await?;
        match control.is_protected() && control.datagram_protection().is_none() {
            true => Err(ClientError::invalid(
                "the method does not protect datagrams",
            )),
            false => Ok((relay, control)),
        }
    }

    async fn request(self, request: Request<'_>) -> Result<(Wire<S>, Granted), ClientError> {
        let wire = Wire::new(self.stream, self.timeout, request.payload_len());
        request.send(self.offer, wire).await
    }
}

impl<S> fmt::Debug for Socks5Client<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Socks5Client")
            .field("offer", &self.offer)
            .field("server", &self.server)
            .finish_non_exhaustive()
    }
}

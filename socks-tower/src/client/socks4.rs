use std::{fmt, net::SocketAddr, time::Duration};

use socks_core::{
    Address, Command, UserId,
    client::{Granted, socks4},
    message::Version,
    v4,
};
use tokio::io::{AsyncRead, AsyncWrite};

use super::{ClientError, ClientTunnel, Listening, socks5::TIMEOUT, wire::Wire};

/// A SOCKS4 client before its request; SOCKS4A where the destination is a name.
///
/// There are no logins, no IPv6 addresses and no datagrams (`S4-1`). See the
/// [module](super) for an example.
#[must_use]
pub struct Socks4Client<S> {
    stream: S,
    user_id: UserId,
    server: Option<SocketAddr>,
    timeout: Duration,
}

impl<S> Socks4Client<S> {
    pub(super) fn new(stream: S) -> Self {
        Self {
            stream,
            user_id: UserId::default(),
            server: None,
            timeout: TIMEOUT,
        }
    }

    /// Says who the user is; empty by default. A claim in clear text, never proof (`S4-2`).
    pub fn user_id(mut self, user_id: UserId) -> Self {
        self.user_id = user_id;
        self
    }

    /// At which address the proxy was reached. It stands in for an unspecified address in the reply
    /// to BIND (`S4-15`). [`Client::dial_socks4`](super::Client::dial_socks4) knows it.
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

impl<S: AsyncRead + AsyncWrite + Unpin> Socks4Client<S> {
    /// Connects to `destination`. A name goes out as a name, by SOCKS4A (`R5-39`).
    ///
    /// # Errors
    ///
    /// See [`ClientErrorKind`](super::ClientErrorKind);
    /// [`InvalidInput`](super::ClientErrorKind::InvalidInput) for an IPv6 address.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes the connection.
    pub async fn connect(
        self,
        destination: impl Into<Address>,
    ) -> Result<ClientTunnel<S>, ClientError> {
        self.connect_with(destination, &[]).await
    }

    /// Connects, and sends `payload` in one write with the request. What holds for
    /// [`Socks5Client::connect_with`](super::Socks5Client::connect_with) holds here.
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
        let request = self.request(Command::Connect, destination.into(), payload);
        let (wire, granted, _) = request.await?;
        let stream = wire.into_stream().await?;
        Ok(ClientTunnel::new(stream, granted.bound().clone()))
    }

    /// Has the proxy listen for one connection from `destination`: the host of a primary
    /// connection, and the port of that connection (`BI-1`, `S4-13`).
    ///
    /// # Errors
    ///
    /// As [`connect`](Self::connect). A failing first reply is final (`BI-17`).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes the connection.
    pub async fn bind(self, destination: impl Into<Address>) -> Result<Listening<S>, ClientError> {
        let request = self.request(Command::Bind, destination.into(), &[]);
        let (wire, granted, server) = request.await?;
        Ok(Listening::new(wire, granted, Version::Socks4, server))
    }

    async fn request(
        self,
        command: Command,
        destination: Address,
        payload: &[u8],
    ) -> Result<(Wire<S>, Granted, Option<SocketAddr>), ClientError> {
        let request = v4::Request::new(command, destination, self.user_id)
            .ok_or_else(|| ClientError::invalid("not expressible in SOCKS4"))?;
        let mut wire = Wire::new(self.stream, self.timeout, payload.len());
        let awaiting = socks4(&request, wire.output());
        wire.output().extend_from_slice(payload);
        let granted = wire.reply(awaiting).await?;
        Ok((wire, granted, self.server))
    }
}

impl<S> fmt::Debug for Socks4Client<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Socks4Client")
            .field("user_id", &self.user_id)
            .finish_non_exhaustive()
    }
}

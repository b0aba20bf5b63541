use alloc::vec::Vec;

use super::{HandshakeError, Offered, Requested, reply};
use crate::{DecodeError, FirstOctet, Progress, ReplyCode, message::Version, v4, v5::Greeting};

/// The start of a connection: nothing has arrived yet.
#[derive(Clone, Copy, Debug)]
pub struct Handshake {
    socks4: bool,
    socks5: bool,
    http_hint: bool,
    pub(super) tor: bool,
}

/// What the client's first message was.
#[derive(Debug)]
pub enum Opening {
    /// A whole SOCKS4 or 4A request.
    Socks4(Requested),
    /// A SOCKS5 greeting.
    Socks5(Offered),
}

/// Fixed text: it echoes nothing and names no version (`TO-17`).
const HTTP_HINT: &[u8] = b"HTTP/1.0 501 Not Implemented\r\n\
Content-Type: text/plain\r\n\
Connection: close\r\n\r\n\
This port speaks SOCKS, not HTTP. Set it up as a SOCKS proxy.\n";

impl Default for Handshake {
    fn default() -> Self {
        Self::new()
    }
}

impl Handshake {
    /// Serves SOCKS4, 4A and 5, without extensions.
    pub const fn new() -> Self {
        Self {
            socks4: true,
            socks5: true,
            http_hint: false,
            tor: false,
        }
    }

    /// Whether SOCKS4 and 4A are served. When not, a request is answered `5B`.
    #[must_use]
    pub const fn socks4(mut self, serve: bool) -> Self {
        self.socks4 = serve;
        self
    }

    /// Whether SOCKS5 is served. When not, a greeting is answered `FF`.
    #[must_use]
    pub const fn socks5(mut self, serve: bool) -> Self {
        self.socks5 = serve;
        self
    }

    /// Whether Tor's RESOLVE and RESOLVE_PTR are commands here (`TO-1`). Off by default.
    #[must_use]
    pub const fn tor_resolve(mut self, serve: bool) -> Self {
        self.tor = serve;
        self
    }

    /// Whether an HTTP client is told, in HTTP, that this is SOCKS (`TO-16`). Off by default,
    /// since it identifies the service to scanners (`TO-17`).
    #[must_use]
    pub const fn http_hint(mut self, send: bool) -> Self {
        self.http_hint = send;
        self
    }

    /// Reads the client's first message: the first octet decides what it is (`R5-5`).
    ///
    /// # Errors
    ///
    /// Not SOCKS, a malformed message, or a version that is switched off.
    pub fn receive(
        self,
        input: &mut &[u8],
        output: &mut Vec<u8>,
    ) -> Result<Progress<Self, Opening>, HandshakeError> {
        let Some(first) = input.first() else {
            return Ok(Progress::NeedInput(self));
        };
        match FirstOctet::detect(*first) {
            FirstOctet::Socks4 => self.receive_socks4(input, output),
            FirstOctet::Socks5 => self.receive_socks5(input, output),
            other => {
                if other == FirstOctet::Http && self.http_hint {
                    output.extend_from_slice(HTTP_HINT);
                }
                Err(HandshakeError::UnknownProtocol(*first))
            }
        }
    }

    fn receive_socks4(
        self,
        input: &mut &[u8],
        output: &mut Vec<u8>,
    ) -> Result<Progress<Self, Opening>, HandshakeError> {
        let refuse = |output: &mut Vec<u8>, error: HandshakeError| {
            reply::write(Version::Socks4, ReplyCode::GENERAL_FAILURE, None, output);
            error
        };
        match v4::Request::decode(input) {
            Ok(None) => Ok(Progress::NeedInput(self)),
            Ok(Some(_)) if !self.socks4 => Err(refuse(output, HandshakeError::VersionDisabled)),
            Ok(Some(request)) => match Requested::socks4(request, self.tor) {
                Ok(requested) => Ok(Progress::Next(Opening::Socks4(requested))),
                Err((_, error)) => Err(refuse(output, error)),
            },
            Err(error) => Err(refuse(output, HandshakeError::Malformed(error))),
        }
    }

    /// A malformed greeting is answered with nothing (`R5-64`).
    fn receive_socks5(
        self,
        input: &mut &[u8],
        output: &mut Vec<u8>,
    ) -> Result<Progress<Self, Opening>, HandshakeError> {
        match Greeting::decode(input)
            .map_err(|error: DecodeError| HandshakeError::Malformed(error))?
        {
            None => Ok(Progress::NeedInput(self)),
            Some(greeting) => {
                let offered = Offered {
                    greeting,
                    tor: self.tor,
                };
                if !self.socks5 {
                    offered.select_none(output);
                    return Err(HandshakeError::VersionDisabled);
                }
                Ok(Progress::Next(Opening::Socks5(offered)))
            }
        }
    }
}

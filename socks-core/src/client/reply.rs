use core::net::SocketAddr;

use alloc::vec::Vec;

use super::ClientError;
use crate::{
    Address, Progress,
    message::Version,
    v4,
    v5::{Reply, ReplyPrefix},
};

/// Sends a SOCKS4 or 4A request, which is a client's first and only message.
pub fn socks4(request: &v4::Request, output: &mut Vec<u8>) -> AwaitingReply {
    request.encode(output);
    AwaitingReply {
        version: Version::Socks4,
    }
}

/// The request is out and a reply is awaited: the only one, or BIND's second.
#[derive(Debug)]
pub struct AwaitingReply {
    version: Version,
}

/// The server has granted the request. For CONNECT the stream now belongs to the application.
#[derive(Debug)]
pub struct Granted {
    version: Version,
    bound: Address,
}

impl AwaitingReply {
    pub(super) const fn socks5() -> Self {
        Self {
            version: Version::Socks5,
        }
    }

    /// Reads the reply.
    ///
    /// # Errors
    ///
    /// The server refused, with its code; or its octets are no reply. A SOCKS5 reply that starts
    /// with a failure and goes on wrongly counts as that failure (`R5-47`).
    pub fn receive(self, input: &mut &[u8]) -> Result<Progress<Self, Granted>, ClientError> {
        let bound = match self.version {
            Version::Socks4 => match v4::Reply::decode(input)? {
                None => return Ok(Progress::NeedInput(self)),
                Some(reply) if reply.code.is_success() => SocketAddr::V4(reply.bound).into(),
                Some(reply) => return Err(ClientError::Refused4(reply.code)),
            },
            Version::Socks5 => match Reply::decode(input).map_err(|e| framing(input, e.into()))? {
                None => return Ok(Progress::NeedInput(self)),
                Some(reply) if reply.code.is_success() => reply.bound,
                Some(reply) => return Err(ClientError::Refused(reply.code)),
            },
        };
        Ok(Progress::Next(Granted {
            version: self.version,
            bound,
        }))
    }

    /// The stream ended with `input` left over: the server's code if that much of a failure
    /// arrived, else [`ClientError::UnexpectedEnd`] (`R5-47`).
    pub fn end_of_stream(self, input: &[u8]) -> ClientError {
        match self.version {
            Version::Socks4 => ClientError::UnexpectedEnd,
            Version::Socks5 => framing(input, ClientError::UnexpectedEnd),
        }
    }
}

fn framing(input: &[u8], otherwise: ClientError) -> ClientError {
    match ReplyPrefix::peek(input) {
        Some(prefix) if !prefix.code.is_success() => ClientError::Refused(prefix.code),
        _ => otherwise,
    }
}

impl Granted {
    /// BND as the server sent it. Worth little after CONNECT (`R5-56`); for BIND and UDP ASSOCIATE
    /// use [`bound_at`](Self::bound_at).
    pub fn bound(&self) -> &Address {
        &self.bound
    }

    /// BND, with the server's own address in place of an unspecified one (`S4-15`, `UD-10`).
    pub fn bound_at(&self, server: SocketAddr) -> Address {
        match &self.bound {
            Address::Socket(addr) if addr.ip().is_unspecified() => {
                SocketAddr::new(server.ip(), addr.port()).into()
            }
            bound => bound.clone(),
        }
    }

    /// BIND only: waits for the second reply, which comes when the peer has connected (`BI-17`).
    pub fn await_peer(self) -> AwaitingReply {
        AwaitingReply {
            version: self.version,
        }
    }
}

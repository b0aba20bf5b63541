use core::net::{IpAddr, SocketAddr};

use alloc::vec::Vec;

use super::{HandshakeError, reply};
use crate::{
    Address, Command, DecodeError, ReplyCode, UserId,
    message::{Rejection, Version},
    v4, v5,
};

/// A whole request has arrived and waits for its reply.
///
/// The destination is canonical: names are valid host names in lower case, address literals are
/// addresses, IPv4-mapped addresses are IPv4 ([`Address::canonical`]).
#[derive(Debug)]
pub struct Requested {
    version: Version,
    command: Command,
    destination: Address,
    user_id: Option<UserId>,
    socks4a: bool,
}

/// BIND listens: the first reply is out, the second is owed (`R5-51`).
#[derive(Debug)]
pub struct AwaitingPeer {
    version: Version,
}

type Refused = (ReplyCode, HandshakeError);

impl Requested {
    pub(super) fn socks5(request: v5::Request, tor: bool) -> Result<Self, Refused> {
        let v5::Request {
            command,
            destination,
        } = request;
        Ok(Self {
            version: Version::Socks5,
            destination: admissible(Version::Socks5, command, destination, tor)?,
            command,
            user_id: None,
            socks4a: false,
        })
    }

    pub(super) fn socks4(request: v4::Request, tor: bool) -> Result<Self, Refused> {
        let (command, destination, user_id) = request.into_parts();
        Ok(Self {
            version: Version::Socks4,
            socks4a: matches!(destination, Address::Domain(..)),
            destination: admissible(Version::Socks4, command, destination, tor)?,
            command,
            user_id: Some(user_id),
        })
    }

    /// The protocol of the request.
    pub fn version(&self) -> Version {
        self.version
    }

    /// What the client asks for.
    pub fn command(&self) -> Command {
        self.command
    }

    /// Where to, in canonical form.
    pub fn destination(&self) -> &Address {
        &self.destination
    }

    /// SOCKS4's USERID.
    pub fn user_id(&self) -> Option<&UserId> {
        self.user_id.as_ref()
    }

    /// Refuses the request. The connection is closed, no later than ten seconds after the failure
    /// and so that the reply survives (`R5-49`, `SE-46`).
    pub fn refuse(self, code: ReplyCode, output: &mut Vec<u8>) {
        // A code of success in a refusal would promise a tunnel that does not exist.
        let code = if code.is_success() {
            ReplyCode::GENERAL_FAILURE
        } else {
            code
        };
        reply::write(self.version, code, None, output);
    }

    /// Refuses a client that the authenticator did not let in.
    pub fn reject(self, rejection: Rejection, output: &mut Vec<u8>) {
        reply::write_rejection(self.version, rejection, output);
    }

    /// Grants the request, once it has succeeded (`R5-52`): CONNECT with the local address of the
    /// outgoing connection (`R5-55`), UDP ASSOCIATE with the relay's. A SOCKS4A client is told
    /// zeros (`S4A-11`).
    pub fn succeed(self, bound: impl Into<Address>, output: &mut Vec<u8>) {
        let bound = Some(bound.into()).filter(|_| !self.socks4a);
        reply::write(self.version, ReplyCode::SUCCEEDED, bound, output);
    }

    /// BIND's first reply: the listener is at `bound` (`BI-8`, `S4-14`).
    pub fn listening(self, bound: SocketAddr, output: &mut Vec<u8>) -> AwaitingPeer {
        reply::write(
            self.version,
            ReplyCode::SUCCEEDED,
            Some(bound.into()),
            output,
        );
        AwaitingPeer {
            version: self.version,
        }
    }
}

impl AwaitingPeer {
    /// BIND's second reply: `peer` has connected (`BI-10`, `S4-16`).
    pub fn succeed(self, peer: SocketAddr, output: &mut Vec<u8>) {
        reply::write(
            self.version,
            ReplyCode::SUCCEEDED,
            Some(peer.into()),
            output,
        );
    }

    /// BIND's second reply: the wait has failed. A stranger that came in place of the expected
    /// peer is named in BND (`BI-12`); SOCKS4 sends zeros (`S4-17`).
    pub fn refuse(self, code: ReplyCode, stranger: Option<SocketAddr>, output: &mut Vec<u8>) {
        let code = if code.is_success() {
            ReplyCode::GENERAL_FAILURE
        } else {
            code
        };
        let stranger = stranger.filter(|_| self.version == Version::Socks5);
        reply::write(self.version, code, stranger.map(Address::from), output);
    }
}

/// Brings the destination into the one form that the phases see, and refuses what no server
/// should pass on.
fn admissible(
    version: Version,
    command: Command,
    destination: Address,
    tor: bool,
) -> Result<Address, Refused> {
    let failure = |error| (ReplyCode::GENERAL_FAILURE, error);
    if matches!(command, Command::Resolve | Command::ResolvePtr) && !tor {
        let error = DecodeError::UnknownCommand(command.octet());
        return Err((
            ReplyCode::COMMAND_NOT_SUPPORTED,
            HandshakeError::Malformed(error),
        ));
    }
    if command == Command::UdpAssociate && matches!(destination, Address::Domain(..)) {
        // Not resolved, not judged: it only says where datagrams might come from (UD-8).
        let unspecified = IpAddr::V4(core::net::Ipv4Addr::UNSPECIFIED);
        return Ok(SocketAddr::new(unspecified, destination.port()).into());
    }
    let destination = destination
        .canonical()
        .map_err(|error| failure(HandshakeError::Name(error)))?;
    match (&destination, command) {
        (_, Command::Connect) if destination.port() == 0 => Err(failure(HandshakeError::PortZero)),
        (Address::Socket(addr), Command::Connect)
            if version == Version::Socks4 && addr.ip().is_unspecified() =>
        {
            Err(failure(HandshakeError::ZeroAddress))
        }
        (Address::Domain(..), Command::ResolvePtr) => Err((
            ReplyCode::ADDRESS_TYPE_NOT_SUPPORTED,
            HandshakeError::NotAnAddress,
        )),
        _ => Ok(destination),
    }
}

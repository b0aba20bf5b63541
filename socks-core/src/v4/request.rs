use core::net::{IpAddr, Ipv4Addr, SocketAddr};

use bytes::BufMut;

use super::VERSION;
use crate::{Address, Command, DecodeError, Domain, UserId, wire};

/// What a SOCKS4 client asks for: VN, CD, DSTPORT, DSTIP, USERID, NUL, and for SOCKS4A a name and
/// another NUL (`S4-3`, `S4A-1`). 9 to 777 octets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    command: Command,
    destination: Address,
    user_id: UserId,
}

/// Most octets of a name in a request (`S4A-6`).
const MAX_DOMAIN: usize = Domain::MAX;

/// DSTIP by which a client says that a name follows; any non-zero last octet would do (`S4A-2`).
const MARKER: [u8; 4] = [0, 0, 0, 1];

impl Request {
    /// Longest request: a user id of 512 octets and a name of 255 (`SE-16`).
    pub const MAX_LEN: usize = 8 + UserId::MAX + 1 + MAX_DOMAIN + 1;

    /// `None` if SOCKS4 cannot express it: an IPv6 destination, an address in `0.0.0.0/24` other
    /// than `0.0.0.0` (read as the SOCKS4A marker), a name or user id with a NUL, or a command
    /// other than CONNECT, BIND and RESOLVE.
    pub fn new(command: Command, destination: Address, user_id: UserId) -> Option<Self> {
        let expressible = match &destination {
            Address::Socket(SocketAddr::V4(addr)) => !is_marker(*addr.ip()),
            Address::Socket(SocketAddr::V6(_)) => false,
            Address::Domain(domain, _) => !domain.as_bytes().contains(&0),
        };
        let carried = matches!(command, Command::Connect | Command::Bind | Command::Resolve);
        (expressible && carried && !user_id.as_bytes().contains(&0)).then_some(Self {
            command,
            destination,
            user_id,
        })
    }

    /// CD.
    pub fn command(&self) -> Command {
        self.command
    }

    /// DSTIP or the SOCKS4A name, and DSTPORT.
    pub fn destination(&self) -> &Address {
        &self.destination
    }

    /// USERID, a claim and never proof (`S4-2`). May be empty.
    pub fn user_id(&self) -> &UserId {
        &self.user_id
    }

    /// Takes the request apart: CD, destination, USERID.
    pub fn into_parts(self) -> (Command, Address, UserId) {
        (self.command, self.destination, self.user_id)
    }

    /// Reads one request; `Ok(None)` asks for more octets, of which there are at most
    /// [`MAX_LEN`](Self::MAX_LEN).
    ///
    /// # Errors
    ///
    /// [`BadVersion`](DecodeError::BadVersion); [`TooLong`](DecodeError::TooLong) without a NUL in
    /// 512 octets of user id or 255 of name; then, once the whole request has arrived,
    /// [`UnknownCommand`](DecodeError::UnknownCommand) (`S4-4`) and
    /// [`EmptyDomain`](DecodeError::EmptyDomain) (`S4A-7`).
    pub fn decode(src: &mut &[u8]) -> Result<Option<Self>, DecodeError> {
        wire::decode(src, |reader| {
            reader.version(VERSION)?;
            let command = reader.u8()?;
            let port = reader.u16()?;
            let ip = Ipv4Addr::from(reader.array::<4>()?);
            let user_id = UserId::truncated(reader.until_nul(UserId::MAX)?);
            let domain = match is_marker(ip) {
                true => Some(reader.until_nul(MAX_DOMAIN)?),
                false => None,
            };
            let command = match Command::try_from(command)? {
                command @ (Command::UdpAssociate | Command::ResolvePtr) => {
                    return Err(DecodeError::UnknownCommand(command.octet()).into());
                }
                command => command,
            };
            let destination = match domain {
                Some(name) => Address::Domain(
                    Domain::new(name).map_err(|_| DecodeError::EmptyDomain)?,
                    port,
                ),
                None => Address::Socket(SocketAddr::new(IpAddr::V4(ip), port)),
            };
            Ok(Self {
                command,
                destination,
                user_id,
            })
        })
    }

    /// Appends the message. `dst` must have room for [`MAX_LEN`](Self::MAX_LEN) octets or grow.
    pub fn encode(&self, dst: &mut impl BufMut) {
        dst.put_slice(&[VERSION, self.command.octet()]);
        dst.put_u16(self.destination.port());
        match &self.destination {
            Address::Socket(SocketAddr::V4(addr)) => dst.put_slice(&addr.ip().octets()),
            _ => dst.put_slice(&MARKER),
        }
        dst.put_slice(self.user_id.as_bytes());
        dst.put_u8(0);
        if let Address::Domain(domain, _) = &self.destination {
            dst.put_slice(domain.as_bytes());
            dst.put_u8(0);
        }
    }
}

/// `0.0.0.x` with x not zero (`S4A-1`…`S4A-3`).
fn is_marker(ip: Ipv4Addr) -> bool {
    matches!(ip.octets(), [0, 0, 0, last] if last != 0)
}

use core::{fmt, num::NonZeroU16};

use bytes::BufMut;

use super::line;
use crate::DecodeError;

/// The two ports by which both hosts know a connection (RFC 1413 §4).
///
/// "Server" and "client" are the sides of the ident exchange: for a SOCKS server that asks,
/// [`server`](Self::server) is the *SOCKS client's* source port (`ID-5`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PortPair {
    /// The port on the host that answers.
    pub server: NonZeroU16,
    /// The port on the host that asks.
    pub client: NonZeroU16,
}

impl PortPair {
    /// `None` if a port is zero, which no connection has (`ID-6`).
    pub fn new(server: u16, client: u16) -> Option<Self> {
        Some(Self {
            server: NonZeroU16::new(server)?,
            client: NonZeroU16::new(client)?,
        })
    }

    pub(super) fn parse(field: &[u8]) -> Result<Self, DecodeError> {
        let (server, client) = line::split(field, b',')?;
        Ok(Self {
            server: port(server)?,
            client: port(client)?,
        })
    }

    /// No spaces: what is sent follows the grammar to the letter (`ID-7`).
    pub(super) fn encode(self, dst: &mut impl BufMut) {
        put_decimal(dst, self.server);
        dst.put_u8(b',');
        put_decimal(dst, self.client);
    }
}

impl fmt::Display for PortPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{},{}", self.server, self.client)
    }
}

/// One to five digits, no sign; [`str::parse`] would take a `+` and any number of zeros.
fn port(field: &[u8]) -> Result<NonZeroU16, DecodeError> {
    let digits = line::trim(field);
    if !(1..=5).contains(&digits.len()) || !digits.iter().all(u8::is_ascii_digit) {
        return Err(DecodeError::BadPort);
    }
    core::str::from_utf8(digits)
        .ok()
        .and_then(|digits| digits.parse().ok())
        .ok_or(DecodeError::BadPort)
}

fn put_decimal(dst: &mut impl BufMut, port: NonZeroU16) {
    let port = port.get();
    let mut started = false;
    for power in [10_000, 1_000, 100, 10, 1] {
        // Below ten, since the port is below 65536 and larger powers are divided off.
        let digit = (port / power % 10) as u8;
        started |= digit != 0;
        if started {
            dst.put_u8(b'0' + digit);
        }
    }
}

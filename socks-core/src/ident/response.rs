use bytes::BufMut;

use super::{
    ErrorToken, Identity, MAX_LINE, PortPair, Query,
    line::{self, CRLF, End},
};
use crate::{DecodeError, wire};

/// The answer to a [`Query`]: `ports : USERID : system : user-id` or `ports : ERROR : token`
/// (RFC 1413 §5). Up to 663 octets when sent.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Response {
    /// The connection that was asked about, which the server repeats.
    pub ports: PortPair,
    /// Its owner, or why it is not told.
    pub result: Result<Identity, ErrorToken>,
}

impl Response {
    /// Octets that may arrive without an end of line before [`decode`](Self::decode) gives up.
    pub const MAX_LEN: usize = MAX_LINE;

    /// Whether this answers `query`. If not, it counts as
    /// [`UnknownError`](ErrorToken::UnknownError) (`ID-17`).
    pub fn answers(&self, query: &Query) -> bool {
        self.ports == query.ports
    }

    /// Reads one response; `Ok(None)` asks for more octets. Accepts LF without CR (`ID-9`), and
    /// spaces and tabs around each token but the user id (`ID-7`, `ID-12`).
    ///
    /// # Errors
    ///
    /// All of them count as [`UnknownError`](ErrorToken::UnknownError) (`ID-14`):
    /// [`TooLong`](DecodeError::TooLong) after 1000 octets without an end of line (`ID-16`) or with
    /// a user id over 512 octets (`ID-15`); [`BadPort`](DecodeError::BadPort);
    /// [`BadLine`](DecodeError::BadLine) for anything else that breaks the grammar.
    pub fn decode(src: &mut &[u8]) -> Result<Option<Self>, DecodeError> {
        wire::decode(src, |reader| {
            let line = line::read(reader, End::CrLfOrLf)?;
            let (ports, rest) = line::split(line, b':')?;
            let (kind, rest) = line::split(rest, b':')?;
            Ok(Self {
                ports: PortPair::parse(ports)?,
                result: match line::trim(kind) {
                    b"USERID" => Ok(Identity::parse(rest)?),
                    b"ERROR" => Err(ErrorToken::parse(rest)?),
                    _ => return Err(DecodeError::BadLine.into()),
                },
            })
        })
    }

    /// Appends the message. `dst` must have room for 663 octets or grow.
    pub fn encode(&self, dst: &mut impl BufMut) {
        self.ports.encode(dst);
        match &self.result {
            Ok(identity) => {
                dst.put_slice(b":USERID:");
                dst.put_slice(identity.operating_system().as_str().as_bytes());
                if let Some(charset) = identity.charset() {
                    dst.put_u8(b',');
                    dst.put_slice(charset.as_str().as_bytes());
                }
                dst.put_u8(b':');
                dst.put_slice(identity.user_id().as_bytes());
            }
            Err(token) => {
                dst.put_slice(b":ERROR:");
                dst.put_slice(token.as_str().as_bytes());
            }
        }
        dst.put_slice(CRLF);
    }
}

use bytes::BufMut;

use super::{
    PortPair,
    line::{self, CRLF, End},
};
use crate::{DecodeError, wire};

/// Asks who owns a connection: ports, CR LF (RFC 1413 §4). 5 to 13 octets when sent (`ID-5`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Query {
    /// The connection, named by its ports. The addresses are those of the ident connection itself.
    pub ports: PortPair,
}

impl Query {
    /// Reads one query; `Ok(None)` asks for more octets. Spaces and tabs may surround the ports
    /// (`ID-7`).
    ///
    /// # Errors
    ///
    /// [`TooLong`](DecodeError::TooLong) after 1000 octets without an end of line;
    /// [`BadPort`](DecodeError::BadPort) (`ID-6`); [`BadLine`](DecodeError::BadLine) for anything
    /// else that breaks the grammar, an end of line without CR included (`ID-8`).
    pub fn decode(src: &mut &[u8]) -> Result<Option<Self>, DecodeError> {
        wire::decode(src, |reader| {
            let line = line::read(reader, End::CrLf)?;
            Ok(Self {
                ports: PortPair::parse(line)?,
            })
        })
    }

    /// Appends the message. `dst` must have room for 13 octets or grow.
    pub fn encode(&self, dst: &mut impl BufMut) {
        self.ports.encode(dst);
        dst.put_slice(CRLF);
    }
}

//! The cursor that every stream decoder reads with.

use crate::DecodeError;

/// Why parsing stopped: more octets are needed, or the octets are wrong.
pub(crate) enum Fault {
    Incomplete,
    Malformed(DecodeError),
}

impl From<DecodeError> for Fault {
    fn from(error: DecodeError) -> Self {
        Self::Malformed(error)
    }
}

/// Reads one message from the front of `src`.
///
/// `src` moves past the message only when a whole one was read; on `Ok(None)` and on an error it
/// stays where it was, so a caller can retry with more octets or report what it saw.
pub(crate) fn decode<'a, T>(
    src: &mut &'a [u8],
    parse: impl FnOnce(&mut Reader<'a>) -> Result<T, Fault>,
) -> Result<Option<T>, DecodeError> {
    let mut reader = Reader(src);
    match parse(&mut reader) {
        Ok(message) => {
            *src = reader.0;
            Ok(Some(message))
        }
        Err(Fault::Incomplete) => Ok(None),
        Err(Fault::Malformed(error)) => Err(error),
    }
}

pub(crate) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) fn u8(&mut self) -> Result<u8, Fault> {
        let (first, rest) = self.0.split_first().ok_or(Fault::Incomplete)?;
        self.0 = rest;
        Ok(*first)
    }

    /// Network byte order (`R5-2`).
    pub(crate) fn u16(&mut self) -> Result<u16, Fault> {
        self.array().map(u16::from_be_bytes)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], Fault> {
        let (head, rest) = self.0.split_first_chunk().ok_or(Fault::Incomplete)?;
        self.0 = rest;
        Ok(*head)
    }

    pub(crate) fn take(&mut self, len: usize) -> Result<&'a [u8], Fault> {
        let (head, rest) = self.0.split_at_checked(len).ok_or(Fault::Incomplete)?;
        self.0 = rest;
        Ok(head)
    }

    /// A field behind one octet of length.
    pub(crate) fn short(&mut self) -> Result<&'a [u8], Fault> {
        let len = self.u8()?;
        self.take(usize::from(len))
    }

    /// Octets up to a NUL, which is consumed and left out. More than `max` without one is an
    /// error, so that a peer cannot make the caller buffer without end.
    pub(crate) fn until_nul(&mut self, max: usize) -> Result<&'a [u8], Fault> {
        let window = self.0.get(..=max).unwrap_or(self.0);
        let Some(len) = window.iter().position(|octet| *octet == 0) else {
            return Err(if window.len() > max {
                DecodeError::TooLong.into()
            } else {
                Fault::Incomplete
            });
        };
        let field = self.take(len)?;
        self.u8()?;
        Ok(field)
    }

    /// Octets up to a LF, which is consumed and left out. `max` octets without one are an error,
    /// as in [`until_nul`](Self::until_nul).
    pub(crate) fn line(&mut self, max: usize) -> Result<&'a [u8], Fault> {
        let window = self.0.get(..max).unwrap_or(self.0);
        let Some(len) = window.iter().position(|octet| *octet == b'\n') else {
            return Err(if window.len() == max {
                DecodeError::TooLong.into()
            } else {
                Fault::Incomplete
            });
        };
        let line = self.take(len)?;
        self.u8()?;
        Ok(line)
    }

    /// A version octet, which must be `expected`.
    pub(crate) fn version(&mut self, expected: u8) -> Result<(), Fault> {
        match self.u8()? {
            octet if octet == expected => Ok(()),
            octet => Err(DecodeError::BadVersion(octet).into()),
        }
    }
}

/// Writes a field behind one octet of length. Types hold at most 255 octets by construction; a
/// longer slice is cut rather than framed wrongly.
pub(crate) fn put_short(dst: &mut impl bytes::BufMut, field: &[u8]) {
    let len = u8::try_from(field.len()).unwrap_or(u8::MAX);
    dst.put_u8(len);
    dst.put_slice(field.get(..usize::from(len)).unwrap_or(field));
}

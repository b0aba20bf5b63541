use core::fmt;

use alloc::vec::Vec;
use bytes::BufMut;

use super::{Algorithm, Assertion, Assertions, Attribute, Status, VERSION};
use crate::{DecodeError, LengthError, Secret, wire};

/// A message of CHAP or CRAM, in either direction: VER, NAVAS, assertions (`CH-3`, `CH-26`).
/// 2 to 65537 octets.
///
/// It keeps its octets in one piece, wiped on drop: a response of CRAM is what a person typed.
#[derive(Clone)]
pub struct Message(Secret);

/// VER and NAVAS.
const HEADER_LEN: usize = 2;
/// An assertion without a value.
const MIN_ASSERTION_LEN: usize = 2;

impl Message {
    /// Longest message that the fields can express.
    pub const MAX_LEN: usize = HEADER_LEN + 255 * 257;

    /// Longest message that [`decode`](Self::decode) reads, in octets: room for every attribute
    /// of the drafts at its full length, and a sixteenth of what NAVAS could ask for (`CH-4`).
    pub const DEFAULT_LIMIT: usize = 4096;

    /// A message to send. Assertions are a set: repeat no attribute (`CH-6`, `CH-8`).
    ///
    /// # Errors
    ///
    /// If there are more than 255 assertions.
    pub fn new(assertions: &[Assertion<'_>]) -> Result<Self, LengthError> {
        LengthError::check(assertions.len(), 0, 255)?;
        let len = assertions.iter().copied().map(Assertion::encoded_len).sum();
        // Sized exactly, so that no copy of a secret stays behind in an outgrown allocation.
        let mut octets = Vec::with_capacity(HEADER_LEN.saturating_add(len));
        octets.push(VERSION);
        octets.push(u8::try_from(assertions.len()).unwrap_or(u8::MAX));
        for assertion in assertions {
            assertion.encode(&mut octets);
        }
        Ok(Self(Secret::from(octets.into_boxed_slice())))
    }

    /// As [`new`](Self::new), of pairs.
    pub(crate) fn of(pairs: &[(Attribute, &[u8])]) -> Result<Self, LengthError> {
        let assertions = pairs
            .iter()
            .map(|(attribute, value)| Assertion::new(*attribute, value));
        Self::new(&assertions.collect::<Result<Vec<_>, _>>()?)
    }

    /// The message that ends the exchange (`CH-14`).
    pub fn status_only(status: Status) -> Self {
        let value = status.octet();
        Self(Secret::new(&[VERSION, 1, Attribute::STATUS.0, 1, value]))
    }

    /// All assertions, those that are not understood included.
    pub fn assertions(&self) -> Assertions<'_> {
        Assertions {
            rest: self.octets().get(HEADER_LEN..).unwrap_or_default(),
        }
    }

    /// The value of `attribute`, the first if it is repeated.
    ///
    /// Ask [`contradiction`](Self::contradiction) first, or two readers of one message may see
    /// different users.
    pub fn find(&self, attribute: Attribute) -> Option<&[u8]> {
        self.assertions()
            .find(|assertion| assertion.attribute() == attribute)
            .map(Assertion::value)
    }

    /// An attribute that is repeated with another value; such a message fails the
    /// sub-negotiation (`CH-8`). A repetition of the same value is harmless.
    pub fn contradiction(&self) -> Option<Attribute> {
        // At most 255 assertions, so comparing each with the first of its kind is cheap enough.
        self.assertions()
            .find(|assertion| self.find(assertion.attribute()) != Some(assertion.value()))
            .map(Assertion::attribute)
    }

    /// The algorithms listed, in the sender's order. None if the attribute is missing.
    pub fn algorithms(&self) -> impl Iterator<Item = Algorithm> + '_ {
        let octets = self.find(Attribute::ALGORITHMS).unwrap_or_default();
        octets.iter().copied().map(Algorithm)
    }

    /// How the exchange ended, if this message says so.
    pub fn status(&self) -> Option<Status> {
        self.find(Attribute::STATUS).map(Status::judge)
    }

    /// Reads one message of at most [`DEFAULT_LIMIT`](Self::DEFAULT_LIMIT) octets; `Ok(None)` asks
    /// for more octets.
    ///
    /// # Errors
    ///
    /// As [`decode_with_limit`](Self::decode_with_limit).
    pub fn decode(src: &mut &[u8]) -> Result<Option<Self>, DecodeError> {
        Self::decode_with_limit(src, Self::DEFAULT_LIMIT)
    }

    /// Reads one message of at most `limit` octets; `Ok(None)` asks for more octets.
    ///
    /// # Errors
    ///
    /// [`BadVersion`](DecodeError::BadVersion); [`TooLong`](DecodeError::TooLong) as soon as the
    /// lengths read so far add up to more than `limit` (`CH-4`), which is before the values
    /// have arrived.
    pub fn decode_with_limit(src: &mut &[u8], limit: usize) -> Result<Option<Self>, DecodeError> {
        let whole = *src;
        let read = wire::decode(src, |reader| {
            reader.version(VERSION)?;
            let count = reader.u8()?;
            // The shortest that the message can still turn out to be.
            let mut least = HEADER_LEN + usize::from(count) * MIN_ASSERTION_LEN;
            if least > limit {
                return Err(DecodeError::TooLong.into());
            }
            for _ in 0..count {
                let _attribute = reader.u8()?;
                let len = usize::from(reader.u8()?);
                least += len;
                if least > limit {
                    return Err(DecodeError::TooLong.into());
                }
                reader.take(len)?;
            }
            Ok(least)
        })?;
        Ok(read.map(|len| Self(Secret::new(whole.get(..len).unwrap_or(whole)))))
    }

    /// Appends the message. `dst` must have room for [`MAX_LEN`](Self::MAX_LEN) octets or grow; it
    /// then holds a response, so wipe it after use (`UP-23`).
    pub fn encode(&self, dst: &mut impl BufMut) {
        dst.put_slice(self.octets());
    }

    fn octets(&self) -> &[u8] {
        self.0.expose()
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.assertions().fmt(f)
    }
}

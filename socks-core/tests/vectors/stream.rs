//! What holds for every message of a byte stream.

use socks_core::DecodeError;

use crate::{
    fields::{Fields, token},
    vector::Vector,
};

/// A message as the vectors describe it.
#[derive(Debug, PartialEq)]
pub(crate) struct Decoded {
    pub(crate) fields: Fields,
    /// What our encoder makes of it.
    pub(crate) encoded: Vec<u8>,
    /// What we find wrong with it after decoding.
    pub(crate) verdict: Option<&'static str>,
}

pub(crate) type Read = fn(&mut &[u8]) -> Result<Option<Decoded>, DecodeError>;

pub(crate) struct Stream {
    pub(crate) read: Read,
    /// Takes out of the expected fields what our type does not keep, because a receiver ignores it.
    pub(crate) ignore: fn(&mut Fields),
    /// Errors of a strict decoder that ours, by a documented default, does not even notice.
    pub(crate) tolerated: &'static [&'static str],
    /// How our encoder would have written the octets of a message.
    pub(crate) normal: fn(&[u8]) -> Vec<u8>,
}

/// Errors that our decoders return although the message can be delimited.
const REFUSED: [&str; 2] = ["unknown_command", "empty_domain"];

const GARBAGE: [u8; 5] = [0xff, 0x00, 0x05, 0x0d, 0x0a];

impl Stream {
    pub(crate) fn check(&self, vector: &Vector) {
        match self.read(&vector.octets) {
            Ok(Some((message, consumed))) => self.check_message(vector, message, consumed),
            Ok(None) => {
                assert_eq!(vector.error.as_deref(), Some("incomplete"), "{}", vector.id);
                assert_eq!(vector.decoded, None, "{}", vector.id);
                self.check_prefixes(vector, vector.octets.len());
            }
            Err(error) => self.check_error(vector, error),
        }
    }

    /// A message and its length. On any other outcome the decoder must not have moved.
    fn read(&self, octets: &[u8]) -> Result<Option<(Decoded, usize)>, DecodeError> {
        let mut src = octets;
        let result = (self.read)(&mut src);
        let consumed = octets.len() - src.len();
        assert_eq!(octets[consumed..], *src);
        match result {
            Ok(Some(message)) => Ok(Some((message, consumed))),
            other => {
                assert_eq!(consumed, 0);
                other.map(|_| None)
            }
        }
    }

    fn check_message(&self, vector: &Vector, message: Decoded, consumed: usize) {
        let id = &vector.id;
        assert_eq!(consumed, vector.consumed, "{id}");
        let mut expected = vector.decoded.clone().unwrap_or_else(|| panic!("{id}"));
        (self.ignore)(&mut expected);
        assert_eq!(message.fields, expected, "{id}");
        let error = vector.error.as_deref();
        if !self.tolerated.iter().any(|token| error == Some(token)) {
            assert_eq!(message.verdict, error, "{id}");
        }
        let normal = (self.normal)(&vector.octets[..consumed]);
        assert_eq!(message.encoded, normal, "{id}");

        let whole = Ok(Some((message, consumed)));
        self.check_prefixes(vector, consumed);
        for end in consumed..=vector.octets.len() {
            assert_eq!(self.read(&vector.octets[..end]), whole, "{id} up to {end}");
        }
        let followed = [&vector.octets[..consumed], &GARBAGE].concat();
        assert_eq!(self.read(&followed), whole, "{id} and more");
    }

    fn check_error(&self, vector: &Vector, error: DecodeError) {
        let id = &vector.id;
        assert_eq!(vector.error.as_deref(), Some(token(error)), "{id}");
        if vector.decoded.is_some() {
            assert!(REFUSED.contains(&token(error)), "{id}");
            self.check_prefixes(vector, vector.consumed);
        }
        // Once wrong, always wrong, however the octets arrive.
        let results: Vec<_> = (0..=vector.octets.len())
            .map(|end| self.read(&vector.octets[..end]))
            .collect();
        let earliest = results.iter().position(Result::is_err).unwrap();
        for (end, result) in results.iter().enumerate() {
            let expected = if end < earliest { Ok(None) } else { Err(error) };
            assert_eq!(*result, expected, "{id} up to {end}");
        }
        match error {
            DecodeError::BadVersion(_) => assert_eq!(earliest, 1, "{id}"),
            DecodeError::BadMessageType(_) => assert_eq!(earliest, 2, "{id}"),
            DecodeError::UnknownAddressType(_) => assert_eq!(earliest, 4, "{id}"),
            _ => {}
        }
    }

    /// Every strict prefix of `len` octets asks for more, and then the rest gives the whole:
    /// decoders keep no state between calls, so feeding in pieces is reading a longer prefix.
    fn check_prefixes(&self, vector: &Vector, len: usize) {
        for end in 0..len {
            let result = self.read(&vector.octets[..end]);
            assert_eq!(result, Ok(None), "{} up to {end}", vector.id);
        }
    }
}

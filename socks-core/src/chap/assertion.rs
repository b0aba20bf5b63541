use core::{fmt, iter::FusedIterator};

use bytes::BufMut;

use super::Attribute;
use crate::{
    Escaped, LengthError,
    wire::{self, Fault, Reader, put_short},
};

/// One attribute and its value: ATTRIBUTE, LENGTH, VALUE (`CH-3`). 2 to 257 octets.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Assertion<'a> {
    attribute: Attribute,
    value: &'a [u8],
}

impl<'a> Assertion<'a> {
    /// # Errors
    ///
    /// If `value` is longer than 255 octets (`CH-4`).
    pub fn new(attribute: Attribute, value: &'a [u8]) -> Result<Self, LengthError> {
        LengthError::check(value.len(), 0, 255)?;
        Ok(Self { attribute, value })
    }

    /// ATTRIBUTE.
    pub const fn attribute(self) -> Attribute {
        self.attribute
    }

    /// VALUE, 0 to 255 octets.
    pub const fn value(self) -> &'a [u8] {
        self.value
    }

    pub(super) fn read(reader: &mut Reader<'a>) -> Result<Self, Fault> {
        Ok(Self {
            attribute: Attribute(reader.u8()?),
            value: reader.short()?,
        })
    }

    pub(super) const fn encoded_len(self) -> usize {
        2 + self.value.len()
    }

    pub(super) fn encode(self, dst: &mut impl BufMut) {
        dst.put_u8(self.attribute.0);
        put_short(dst, self.value);
    }
}

impl fmt::Debug for Assertion<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.attribute.is_secret() {
            write!(f, "{}: [redacted]", self.attribute)
        } else {
            write!(f, "{}: {:?}", self.attribute, Escaped(self.value))
        }
    }
}

/// The assertions of a message in wire order, which carries no meaning (`CH-6`).
#[derive(Clone)]
pub struct Assertions<'a> {
    /// What is left of a message that was measured when it was made.
    pub(super) rest: &'a [u8],
}

impl<'a> Iterator for Assertions<'a> {
    type Item = Assertion<'a>;

    fn next(&mut self) -> Option<Assertion<'a>> {
        wire::decode(&mut self.rest, Assertion::read).ok().flatten()
    }
}

impl FusedIterator for Assertions<'_> {}

impl fmt::Debug for Assertions<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}

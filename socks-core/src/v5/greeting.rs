use alloc::{boxed::Box, vec::Vec};

use bytes::BufMut;

use super::VERSION;
use crate::{
    DecodeError, LengthError, Method,
    wire::{self, put_short},
};

/// The version identifier/method selection message, by which a client opens a SOCKS5 connection
/// (RFC 1928 §3): VER, NMETHODS, METHODS. 2 to 257 octets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Greeting {
    methods: Box<[Method]>,
}

impl Greeting {
    /// A greeting that offers `methods`. A client offers at least one (`R5-9`).
    ///
    /// # Errors
    ///
    /// If there are more than 255 methods, or none.
    pub fn new(methods: &[Method]) -> Result<Self, LengthError> {
        LengthError::check(methods.len(), 1, 255)?;
        Ok(Self {
            methods: methods.into(),
        })
    }

    /// The offer in the client's order, which carries no meaning (`R5-13`). Empty when NMETHODS
    /// was zero, which a server answers with `FF` (`R5-10`).
    pub fn methods(&self) -> &[Method] {
        &self.methods
    }

    /// Whether the client offered `method`. `FF` is never offered (`R5-11`).
    pub fn offers(&self, method: Method) -> bool {
        method != Method::NO_ACCEPTABLE && self.methods().contains(&method)
    }

    /// Reads one greeting; `Ok(None)` asks for more octets.
    ///
    /// # Errors
    ///
    /// [`DecodeError::BadVersion`].
    pub fn decode(src: &mut &[u8]) -> Result<Option<Self>, DecodeError> {
        wire::decode(src, |reader| {
            reader.version(VERSION)?;
            let methods = reader.short()?;
            Ok(Self {
                methods: methods.iter().copied().map(Method).collect(),
            })
        })
    }

    /// Appends the message. `dst` must have room for 257 octets or grow.
    pub fn encode(&self, dst: &mut impl BufMut) {
        dst.put_u8(VERSION);
        put_short(
            dst,
            &self
                .methods
                .iter()
                .map(|method| method.0)
                .collect::<Vec<_>>(),
        );
    }
}

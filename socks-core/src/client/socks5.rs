use core::fmt;

use alloc::{boxed::Box, vec, vec::Vec};

use super::{Greeted, Subnegotiation, subnegotiation::NoAuthentication};
use crate::{Method, v5::VERSION};

/// What a client is ready to do to be let in: the methods it offers.
pub struct Socks5 {
    pub(super) methods: Vec<Box<dyn Subnegotiation>>,
}

impl Default for Socks5 {
    fn default() -> Self {
        Self::new()
    }
}

impl Socks5 {
    /// Most methods that a greeting can carry.
    const MAX_METHODS: usize = 255;

    /// Offers method 00 alone.
    pub fn new() -> Self {
        Self {
            methods: vec![Box::new(NoAuthentication)],
        }
    }

    /// Offers one method alone: a server that answers anything weaker is not obeyed (`SE-37`).
    pub fn only(method: impl Subnegotiation + 'static) -> Self {
        Self {
            methods: vec![Box::new(method)],
        }
    }

    /// Offers one more method. A method that is offered already is replaced (`R5-11`: no
    /// duplicates), and a 256th is left out.
    #[must_use]
    pub fn or(mut self, method: impl Subnegotiation + 'static) -> Self {
        self.methods
            .retain(|offered| offered.method() != method.method());
        if self.methods.len() < Self::MAX_METHODS {
            self.methods.push(Box::new(method));
        }
        self
    }

    /// Offers method 00 too, last.
    #[must_use]
    pub fn or_no_authentication(self) -> Self {
        self.or(NoAuthentication)
    }

    /// Opens the connection with a greeting.
    pub fn greet(self, output: &mut Vec<u8>) -> Greeted {
        let count = u8::try_from(self.methods.len()).unwrap_or(u8::MAX);
        output.extend([VERSION, count]);
        output.extend(self.methods.iter().map(|method| method.method().0));
        Greeted {
            methods: self.methods,
        }
    }

    fn offer(&self) -> impl Iterator<Item = Method> + '_ {
        self.methods.iter().map(|method| method.method())
    }
}

impl fmt::Debug for Socks5 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.offer()).finish()
    }
}

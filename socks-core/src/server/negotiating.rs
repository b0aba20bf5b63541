use core::fmt;

use alloc::{boxed::Box, vec::Vec};

use super::{AwaitingRequest, HandshakeError};
use crate::{
    Method,
    message::{Authentication, Credentials},
    subnegotiation::{Protection, Step, Subnegotiation},
};

/// A method's sub-negotiation is under way.
pub struct Negotiating {
    subnegotiation: Box<dyn Subnegotiation>,
    tor: bool,
}

/// What the sub-negotiation needs next.
#[derive(Debug)]
pub enum Negotiation {
    /// More octets from the client.
    NeedInput(Negotiating),
    /// A judgement about credentials.
    Verify(Verifying, Credentials),
    /// Work that may take long, done where blocking disturbs nobody.
    Blocking(Blocking),
    /// Nothing: the request is next, and everything goes through the protection if there is one.
    Done(AwaitingRequest, Option<Box<dyn Protection>>),
}

/// Credentials are out to be judged.
pub struct Verifying(Negotiating);

/// Work that may take long is to be done: the method reads files or asks other servers.
pub struct Blocking(Negotiating);

impl Negotiating {
    pub(super) fn new(subnegotiation: Box<dyn Subnegotiation>, tor: bool) -> Self {
        Self {
            subnegotiation,
            tor,
        }
    }

    /// The method that was selected.
    pub fn method(&self) -> Method {
        self.subnegotiation.method()
    }

    /// Most octets of input that may wait unconsumed.
    pub fn input_limit(&self) -> usize {
        self.subnegotiation.input_limit()
    }

    /// What to send when something else than the sub-negotiation ends it, before the close.
    pub fn last_words(&self) -> &'static [u8] {
        self.subnegotiation.last_words()
    }

    /// Takes the sub-negotiation one step further.
    ///
    /// # Errors
    ///
    /// The client broke the method's rules; the output holds the method's failure message.
    pub fn step(
        mut self,
        input: &mut &[u8],
        output: &mut Vec<u8>,
    ) -> Result<Negotiation, HandshakeError> {
        let step = self.subnegotiation.step(input, output);
        Ok(match step.map_err(HandshakeError::Subnegotiation)? {
            Step::NeedInput => Negotiation::NeedInput(self),
            Step::Verify(credentials) => Negotiation::Verify(Verifying(self), credentials),
            Step::Blocking => Negotiation::Blocking(Blocking(self)),
            Step::Done(protection) => {
                Negotiation::Done(AwaitingRequest { tor: self.tor }, protection)
            }
        })
    }
}

impl Verifying {
    /// Tells the client what the authenticator decided. `None` after a rejection: the connection
    /// closes (`UP-9`, `UP-14`).
    pub fn decided(
        mut self,
        authentication: &Authentication,
        output: &mut Vec<u8>,
    ) -> Option<Negotiating> {
        self.0.subnegotiation.decided(authentication, output);
        authentication.is_accepted().then_some(self.0)
    }
}

impl Blocking {
    /// Does it, for as long as it takes, on the calling thread.
    pub fn block(mut self) -> Negotiating {
        self.0.subnegotiation.block();
        self.0
    }
}

impl fmt::Debug for Negotiating {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Negotiating")
            .field("method", &self.method())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Verifying {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Verifying").field(&self.0.method()).finish()
    }
}

impl fmt::Debug for Blocking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Blocking").field(&self.0.method()).finish()
    }
}

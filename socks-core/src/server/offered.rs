use alloc::{boxed::Box, vec::Vec};

use super::{AwaitingRequest, Negotiating};
use crate::{
    Method,
    subnegotiation::Subnegotiation,
    v5::{Greeting, MethodSelection},
};

/// The client has sent its greeting and waits for a method selection.
#[derive(Debug)]
pub struct Offered {
    pub(super) greeting: Greeting,
    pub(super) tor: bool,
}

impl Offered {
    /// What the client offers.
    pub fn greeting(&self) -> &Greeting {
        &self.greeting
    }

    /// Selects method 00, which has no sub-negotiation (`R5-16`).
    ///
    /// # Errors
    ///
    /// Gives the state back if the client did not offer it (`R5-12`).
    pub fn no_authentication(self, output: &mut Vec<u8>) -> Result<AwaitingRequest, Self> {
        let tor = self.tor;
        self.selected(Method::NO_AUTHENTICATION, output)?;
        Ok(AwaitingRequest { tor })
    }

    /// Selects the sub-negotiation's method.
    ///
    /// # Errors
    ///
    /// Gives the state back if the client did not offer it (`R5-12`).
    pub fn select(
        self,
        subnegotiation: Box<dyn Subnegotiation>,
        output: &mut Vec<u8>,
    ) -> Result<Negotiating, Self> {
        let tor = self.tor;
        self.selected(subnegotiation.method(), output)?;
        Ok(Negotiating::new(subnegotiation, tor))
    }

    /// Answers `FF`: nothing that the client offers is acceptable (`R5-14`). Both sides close.
    pub fn select_none(self, output: &mut Vec<u8>) {
        MethodSelection {
            method: Method::NO_ACCEPTABLE,
        }
        .encode(output);
    }

    fn selected(self, method: Method, output: &mut Vec<u8>) -> Result<(), Self> {
        if !self.greeting.offers(method) {
            return Err(self);
        }
        MethodSelection { method }.encode(output);
        Ok(())
    }
}

use core::fmt;

use alloc::{boxed::Box, vec::Vec};

use super::{AwaitingReply, ClientError, Step, Subnegotiation};
use crate::{
    Address, Command, Method, Progress,
    subnegotiation::Protection,
    v5::{MethodSelection, Request},
};

/// The greeting is out and the server's selection is awaited.
pub struct Greeted {
    pub(super) methods: Vec<Box<dyn Subnegotiation>>,
}

/// The method's sub-negotiation is under way.
pub struct Negotiating(Box<dyn Subnegotiation>);

/// What the sub-negotiation needs next.
#[derive(Debug)]
pub enum Negotiation {
    /// More octets from the server.
    NeedInput(Negotiating),
    /// Work that may take long, done where blocking disturbs nobody.
    Blocking(Blocking),
    /// Nothing: the client is let in.
    Done(Authenticated),
}

/// Work that may take long is to be done: the method reads files or asks other servers.
pub struct Blocking(Negotiating);

/// The client is let in and may send its request.
#[derive(Debug)]
pub struct Authenticated {
    protection: Option<Box<dyn Protection>>,
}

impl Greeted {
    /// Appends what the one offered method has to say before the server has selected it (`R5-6`,
    /// `UP-2`). Returns whether the request may follow at once, as
    /// [`v5::Request`](crate::v5::Request): the states still go through every answer, and what
    /// [`Authenticated::request`] appends is then not to be sent again.
    ///
    /// `false`, with nothing appended, if several methods are offered or the method has to wait.
    pub fn send_ahead(&mut self, output: &mut Vec<u8>) -> bool {
        match self.methods.as_mut_slice() {
            [only] => only.send_ahead(output),
            _ => false,
        }
    }

    /// Reads the server's selection.
    ///
    /// # Errors
    ///
    /// No acceptable method, one that was not offered (`R5-15`), or not a selection (`R5-20`).
    pub fn receive(self, input: &mut &[u8]) -> Result<Progress<Self, Negotiating>, ClientError> {
        let Some(MethodSelection { method }) = MethodSelection::decode(input)? else {
            return Ok(Progress::NeedInput(self));
        };
        if method == Method::NO_ACCEPTABLE {
            return Err(ClientError::NoAcceptableMethod);
        }
        let offered = self
            .methods
            .into_iter()
            .find(|offered| offered.method() == method);
        offered
            .map(|subnegotiation| Progress::Next(Negotiating(subnegotiation)))
            .ok_or(ClientError::MethodNotOffered(method))
    }
}

impl Negotiating {
    /// Takes the sub-negotiation one step further. Call it once before waiting for input: most
    /// methods speak first.
    ///
    /// # Errors
    ///
    /// The server did not let the client in, or broke the method's rules.
    pub fn step(
        mut self,
        input: &mut &[u8],
        output: &mut Vec<u8>,
    ) -> Result<Negotiation, ClientError> {
        Ok(match self.0.step(input, output)? {
            Step::NeedInput => Negotiation::NeedInput(self),
            Step::Blocking => Negotiation::Blocking(Blocking(self)),
            Step::Done(protection) => Negotiation::Done(Authenticated { protection }),
        })
    }
}

impl Negotiation {
    /// The next state, if the client is let in.
    pub fn done(self) -> Option<Authenticated> {
        match self {
            Self::Done(authenticated) => Some(authenticated),
            Self::NeedInput(_) | Self::Blocking(_) => None,
        }
    }
}

impl Blocking {
    /// Does it, for as long as it takes, on the calling thread.
    pub fn block(mut self) -> Negotiating {
        self.0.0.block();
        self.0
    }
}

impl Authenticated {
    /// The protection that everything from here on goes through; `None` is the usual case, and
    /// then also after it was taken. A caller that leaves it sends clear text to a server that
    /// will not understand it (`R5-54`).
    pub fn take_protection(&mut self) -> Option<Box<dyn Protection>> {
        self.protection.take()
    }

    /// Sends the request. The destination goes out as given: a name as a name, so that the server
    /// resolves it (`R5-39`).
    pub fn request(
        self,
        command: Command,
        destination: Address,
        output: &mut Vec<u8>,
    ) -> AwaitingReply {
        Request {
            command,
            destination,
        }
        .encode(output);
        AwaitingReply::socks5()
    }
}

impl fmt::Debug for Greeted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let offer = self.methods.iter().map(|method| method.method());
        f.debug_list().entries(offer).finish()
    }
}

impl fmt::Debug for Negotiating {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Negotiating")
            .field(&self.0.method())
            .finish()
    }
}

impl fmt::Debug for Blocking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Blocking").field(&self.0.0.method()).finish()
    }
}

use alloc::{boxed::Box, vec::Vec};

use super::ClientError;
use crate::{
    LengthError, Method, Secret, UserName,
    subnegotiation::Protection,
    username_password::{Request, Response, VERSION},
};

/// The client's side of a method's sub-negotiation.
pub trait Subnegotiation: Send {
    /// The method to offer.
    fn method(&self) -> Method;

    /// Consumes from `input`, appends to `output`. The first call comes with whatever input there
    /// is, usually none, and is the chance to speak first.
    ///
    /// # Errors
    ///
    /// The server refused, or broke the method's rules; the connection is to be closed.
    fn step(&mut self, input: &mut &[u8], output: &mut Vec<u8>) -> Result<Step, ClientError>;

    /// Does the work of a [`Step::Blocking`], with all the time it takes: reads files, asks other
    /// servers. What came of it is for the next [`step`](Self::step) to say.
    fn block(&mut self) {}

    /// Appends everything that the method has to say, if that does not depend on anything the
    /// server says and the request may follow in clear; what was said here is not said again by
    /// [`step`](Self::step). `false`, with nothing appended, if the method has to wait, which is
    /// the default.
    fn send_ahead(&mut self, output: &mut Vec<u8>) -> bool {
        let _ = output;
        false
    }
}

/// What a [`Subnegotiation`] needs next.
#[derive(Debug)]
pub enum Step {
    /// More octets from the server.
    NeedInput,
    /// A call of [`Subnegotiation::block`], where blocking disturbs nobody, and then the next step.
    Blocking,
    /// Nothing: the request may follow, through the protection if there is one.
    Done(Option<Box<dyn Protection>>),
}

/// The client's side of RFC 1929.
#[derive(Clone, Debug)]
pub struct UsernamePassword {
    request: Option<Request>,
    strict: bool,
}

impl UsernamePassword {
    /// # Errors
    ///
    /// If a field is empty or longer than 255 octets (`UP-4`, `UP-6`, `UP-7`).
    pub fn new(
        username: impl Into<UserName>,
        password: impl Into<Secret>,
    ) -> Result<Self, LengthError> {
        let request = Request::new(username.into(), password.into())?;
        Ok(Self {
            request: Some(request),
            strict: false,
        })
    }

    /// Whether an answer whose version octet is not 01 fails. Off by default: several servers
    /// send 05 or 00 there (`UP-11`).
    #[must_use]
    pub fn strict(mut self, strict: bool) -> Self {
        self.strict = strict;
        self
    }
}

impl Subnegotiation for UsernamePassword {
    fn method(&self) -> Method {
        Method::USERNAME_PASSWORD
    }

    fn send_ahead(&mut self, output: &mut Vec<u8>) -> bool {
        if let Some(request) = self.request.take() {
            request.encode(output);
        }
        true
    }

    fn step(&mut self, input: &mut &[u8], output: &mut Vec<u8>) -> Result<Step, ClientError> {
        if let Some(request) = self.request.take() {
            request.encode(output);
        }
        match Response::decode(input)? {
            None => Ok(Step::NeedInput),
            Some(Response { version, .. }) if self.strict && version != VERSION => {
                Err(crate::DecodeError::BadVersion(version).into())
            }
            Some(response) if response.is_success() => Ok(Step::Done(None)),
            Some(_) => Err(ClientError::AuthenticationFailed),
        }
    }
}

/// Method 00, which says nothing.
pub(super) struct NoAuthentication;

impl Subnegotiation for NoAuthentication {
    fn method(&self) -> Method {
        Method::NO_AUTHENTICATION
    }

    fn step(&mut self, _: &mut &[u8], _: &mut Vec<u8>) -> Result<Step, ClientError> {
        Ok(Step::Done(None))
    }

    fn send_ahead(&mut self, _: &mut Vec<u8>) -> bool {
        true
    }
}

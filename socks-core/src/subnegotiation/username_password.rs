use alloc::vec::Vec;

use super::{Step, Subnegotiation, SubnegotiationError};
use crate::{
    Method,
    message::{Authentication, Credentials},
    username_password::{Request, Response},
};

/// The server's side of RFC 1929.
#[derive(Clone, Copy, Debug, Default)]
pub struct UsernamePassword {
    empty_username: bool,
    accepted: bool,
}

impl UsernamePassword {
    /// Refuses an empty user name and lets the authenticator judge the rest (`UP-6`, `UP-7`).
    pub const fn new() -> Self {
        Self {
            empty_username: false,
            accepted: false,
        }
    }

    /// Hands logins with an empty user name to the authenticator too. Off by default: the RFC
    /// has no such name, and curl sends one when it has no credentials.
    #[must_use]
    pub const fn empty_username(mut self, allow: bool) -> Self {
        self.empty_username = allow;
        self
    }
}

impl Subnegotiation for UsernamePassword {
    fn method(&self) -> Method {
        Method::USERNAME_PASSWORD
    }

    fn input_limit(&self) -> usize {
        Request::MAX_LEN
    }

    fn step(
        &mut self,
        input: &mut &[u8],
        output: &mut Vec<u8>,
    ) -> Result<Step, SubnegotiationError> {
        if self.accepted {
            return Ok(Step::Done(None));
        }
        let request = Request::decode(input).map_err(|error| {
            Response::FAILURE.encode(output);
            SubnegotiationError::Malformed(error)
        })?;
        let Some(request) = request else {
            return Ok(Step::NeedInput);
        };
        let (username, password) = request.into_parts();
        if username.as_bytes().is_empty() && !self.empty_username {
            Response::FAILURE.encode(output);
            return Err(SubnegotiationError::Unacceptable);
        }
        Ok(Step::Verify(Credentials::Password { username, password }))
    }

    fn decided(&mut self, authentication: &Authentication, output: &mut Vec<u8>) {
        self.accepted = authentication.is_accepted();
        match self.accepted {
            true => Response::SUCCESS.encode(output),
            false => Response::FAILURE.encode(output),
        }
    }
}

use alloc::vec::Vec;

use super::{HandshakeError, Requested, reply};
use crate::{DecodeError, Progress, ReplyCode, message::Version, v5::Request};

/// The client may send its request (`R5-18`: not before the sub-negotiation has succeeded).
#[derive(Debug)]
pub struct AwaitingRequest {
    pub(super) tor: bool,
}

impl AwaitingRequest {
    /// Reads the request.
    ///
    /// # Errors
    ///
    /// A malformed or unacceptable request; the output holds the reply: `07` for the command,
    /// `08` for the address type, `01` for the rest (`R5-64`).
    pub fn receive(
        self,
        input: &mut &[u8],
        output: &mut Vec<u8>,
    ) -> Result<Progress<Self, Requested>, HandshakeError> {
        let request = match Request::decode(input) {
            Ok(None) => return Ok(Progress::NeedInput(self)),
            Ok(Some(request)) => Requested::socks5(request, self.tor),
            Err(error) => Err((malformed(error), HandshakeError::Malformed(error))),
        };
        match request {
            Ok(requested) => Ok(Progress::Next(requested)),
            Err((code, error)) => {
                reply::write(Version::Socks5, code, None, output);
                Err(error)
            }
        }
    }
}

fn malformed(error: DecodeError) -> ReplyCode {
    match error {
        DecodeError::UnknownCommand(_) => ReplyCode::COMMAND_NOT_SUPPORTED,
        DecodeError::UnknownAddressType(_) => ReplyCode::ADDRESS_TYPE_NOT_SUPPORTED,
        _ => ReplyCode::GENERAL_FAILURE,
    }
}

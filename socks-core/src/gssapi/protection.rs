use alloc::{boxed::Box, sync::Arc, vec::Vec};

use super::{Message, MessageType, ProtectionLevel, SecurityContext, Sequence, Token, VERSION};
use crate::subnegotiation::{DatagramProtection, Protection, ProtectionError};

/// What is around everything once a level is agreed; nothing at level 0 (`GS-17`).
pub(crate) fn protect(
    context: Arc<dyn SecurityContext>,
    level: ProtectionLevel,
) -> Result<Option<Box<dyn Protection>>, ProtectionError> {
    if level == ProtectionLevel::Clear {
        return Ok(None);
    }
    let frames = Frames { context, level };
    let content = frames.capacity(Token::MAX);
    match content {
        0 => Err(ProtectionError),
        content => Ok(Some(Box::new(Stream { frames, content }))),
    }
}

/// Frames of type 03 in one context, at one level (RFC 1961 §5).
#[derive(Clone, Debug)]
struct Frames {
    context: Arc<dyn SecurityContext>,
    level: ProtectionLevel,
}

impl Frames {
    /// Level 1 never asks for confidentiality, level 2 always (`GS-15`).
    fn confidential(&self) -> bool {
        self.level == ProtectionLevel::Confidentiality
    }

    /// Most octets that a token of so many can protect (`GS-21`).
    fn capacity(&self, token: usize) -> usize {
        let limit = self.context.wrap_size_limit(self.confidential(), token);
        limit.unwrap_or(0)
    }

    fn wrap(&self, plain: &[u8], output: &mut Vec<u8>) -> Result<(), ProtectionError> {
        let start = output.len();
        let wrapped = self.append(plain, output);
        if wrapped.is_err() {
            output.truncate(start);
        }
        wrapped
    }

    fn append(&self, plain: &[u8], output: &mut Vec<u8>) -> Result<(), ProtectionError> {
        // The token goes right where it belongs; its length is known only then.
        output.extend([VERSION, MessageType::Data.octet(), 0, 0]);
        let token = output.len();
        let wrapped = self.context.wrap(self.confidential(), plain, output);
        wrapped.map_err(|_| ProtectionError)?;
        let len = u16::try_from(output.len() - token).map_err(|_| ProtectionError)?;
        let field = output.get_mut(token - 2..token).ok_or(ProtectionError)?;
        field.copy_from_slice(&len.to_be_bytes());
        Ok(())
    }

    /// Level 2 takes nothing that was not confidential (`GS-16`), and no level an empty token
    /// (`GS-23`).
    fn unwrap(&self, token: Token<'_>, plain: &mut Vec<u8>) -> Result<Sequence, ProtectionError> {
        let start = plain.len();
        let unwrapped = match token.as_bytes() {
            [] => None,
            token => self.context.unwrap(token, plain).ok(),
        };
        match unwrapped {
            Some(it) if it.confidential || !self.level.requires_confidentiality() => {
                Ok(it.sequence)
            }
            _ => {
                plain.truncate(start);
                Err(ProtectionError)
            }
        }
    }
}

#[derive(Debug)]
struct Stream {
    frames: Frames,
    /// Most octets that one frame holds.
    content: usize,
}

impl Protection for Stream {
    fn wrap(&mut self, plain: &[u8], output: &mut Vec<u8>) -> Result<(), ProtectionError> {
        let mut pieces = plain.chunks(self.content);
        pieces.try_for_each(|piece| self.frames.wrap(piece, output))
    }

    /// On a connection, which keeps the order of its octets, a message out of its place is one that
    /// somebody put there or took away, so nothing but the expected one is taken (`GS-22`).
    fn unwrap(&mut self, input: &mut &[u8], plain: &mut Vec<u8>) -> Result<(), ProtectionError> {
        while let Some(message) = Message::decode(input).map_err(|_| ProtectionError)? {
            let Message::Data(token) = message else {
                return Err(ProtectionError);
            };
            let start = plain.len();
            if self.frames.unwrap(token, plain)? != Sequence::Expected {
                plain.truncate(start);
                return Err(ProtectionError);
            }
        }
        Ok(())
    }

    fn frame_limit(&self) -> usize {
        Message::MAX_LEN
    }

    fn frame_content(&self) -> usize {
        self.content
    }

    /// Not without replay detection (`GS-26`).
    fn datagrams(&self) -> Option<Arc<dyn DatagramProtection>> {
        let services = self.frames.context.services();
        let datagrams = || Arc::new(Datagrams(self.frames.clone())) as Arc<dyn DatagramProtection>;
        services.replay_detection.then(datagrams)
    }
}

/// A datagram is one frame from end to end (`GS-24`). Datagrams overtake each other and get lost,
/// so of their order only that none comes twice is asked (`GS-26`).
#[derive(Debug)]
struct Datagrams(Frames);

impl DatagramProtection for Datagrams {
    fn wrap(&self, plain: &[u8], output: &mut Vec<u8>) -> Result<(), ProtectionError> {
        self.0.wrap(plain, output)
    }

    fn unwrap(&self, datagram: &[u8], plain: &mut Vec<u8>) -> Result<(), ProtectionError> {
        let token = Message::decode_datagram(datagram).map_err(|_| ProtectionError)?;
        let start = plain.len();
        match self.0.unwrap(token, plain)? {
            Sequence::Expected | Sequence::OutOfOrder => Ok(()),
            Sequence::Replayed => {
                plain.truncate(start);
                Err(ProtectionError)
            }
        }
    }

    fn capacity(&self, datagram: usize) -> usize {
        let token = datagram.saturating_sub(Message::HEADER_LEN);
        self.0.capacity(token.min(Token::MAX))
    }
}

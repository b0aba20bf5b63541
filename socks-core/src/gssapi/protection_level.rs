use crate::DecodeError;

/// How traffic is protected once the context stands (RFC 1961 §4.2).
///
/// The client asks for one, the server answers with the one that will be used (`GS-12`, `GS-13`).
/// On the wire the octet is wrapped, without confidentiality, in the token of a frame of type 02.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProtectionLevel {
    /// 0: authenticate, then plain traffic. Not in the RFC and never to be accepted unless
    /// configured (`GS-17`).
    Clear,
    /// 1: integrity; confidentiality is never requested.
    Integrity,
    /// 2: integrity and confidentiality, always.
    Confidentiality,
    /// 3: decided message by message, by local configuration (`GS-15`).
    Selective,
}

impl ProtectionLevel {
    /// The octet to wrap.
    pub const fn octet(self) -> u8 {
        match self {
            Self::Clear => 0,
            Self::Integrity => 1,
            Self::Confidentiality => 2,
            Self::Selective => 3,
        }
    }

    /// Whether a message that arrived without confidentiality is an integrity error (`GS-16`).
    pub const fn requires_confidentiality(self) -> bool {
        matches!(self, Self::Confidentiality)
    }

    /// Reads what the token of a frame of type 02 unwrapped to. Which levels are acceptable is
    /// the caller's to say; this knows which exist.
    ///
    /// # Errors
    ///
    /// [`DecodeError::BadProtectionLevel`] unless it is exactly one octet from 0 to 3 (`GS-16`).
    pub const fn from_unwrapped(octets: &[u8]) -> Result<Self, DecodeError> {
        Ok(match octets {
            [0] => Self::Clear,
            [1] => Self::Integrity,
            [2] => Self::Confidentiality,
            [3] => Self::Selective,
            _ => return Err(DecodeError::BadProtectionLevel),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// GS-16: one octet of a known value, or nothing.
    #[test]
    fn only_one_known_octet_is_a_level() {
        for octet in 0..=3 {
            let level = ProtectionLevel::from_unwrapped(&[octet]).unwrap();
            assert_eq!(level.octet(), octet);
        }
        for octets in [&[4][..], &[255], &[], &[1, 1]] {
            assert_eq!(
                ProtectionLevel::from_unwrapped(octets),
                Err(DecodeError::BadProtectionLevel),
            );
        }
    }
}

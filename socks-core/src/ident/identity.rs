use super::{Token, line};
use crate::{DecodeError, UserId};

/// Who owns the connection, as its host tells (RFC 1413 §5, `USERID`).
///
/// The user id is 1 to 512 octets without NUL, CR and LF, with its spaces (`ID-12`), in a
/// character set that the host names or not. It is escaped when shown.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Identity {
    operating_system: Token,
    charset: Option<Token>,
    user_id: UserId,
}

impl Identity {
    /// `None` if `user_id` is empty or has a NUL, CR or LF, or if `operating_system` has a comma,
    /// behind which a reader would look for the character set.
    pub fn new(operating_system: Token, charset: Option<Token>, user_id: UserId) -> Option<Self> {
        let octets = user_id.as_bytes();
        let framed = |octet: &u8| matches!(octet, 0 | b'\r' | b'\n');
        let sound = !octets.is_empty()
            && !octets.iter().any(framed)
            && !operating_system.as_str().contains(',');
        sound.then_some(Self {
            operating_system,
            charset,
            user_id,
        })
    }

    /// `UNIX`, `OTHER`, or a name of the registry of system names.
    pub fn operating_system(&self) -> &Token {
        &self.operating_system
    }

    /// The character set of the user id; US-ASCII if not given (`ID-11`).
    pub fn charset(&self) -> Option<&Token> {
        self.charset.as_ref()
    }

    /// Everything behind the third colon, spaces included.
    pub fn user_id(&self) -> &UserId {
        &self.user_id
    }

    /// Whether the user id is the name of a user at all. With the operating system `OTHER` it is
    /// not: it may be a token that only the host can read (`ID-13`).
    pub fn names_user(&self) -> bool {
        self.operating_system.as_str() != "OTHER"
    }

    /// The user id without its leading spaces, which most servers print (`ID-12`).
    pub fn trimmed(&self) -> &[u8] {
        let octets = self.user_id.as_bytes();
        let start = octets.iter().position(|octet| *octet != b' ');
        start
            .and_then(|start| octets.get(start..))
            .unwrap_or_default()
    }

    /// Whether the user id is what a SOCKS4 request claims, octet by octet (`ID-20`), apart from
    /// leading spaces (`ID-12`). A user id of spaces only equals nothing.
    pub fn equals(&self, claim: &UserId) -> bool {
        !self.trimmed().is_empty() && self.trimmed() == claim.as_bytes()
    }

    /// Whether the host confirms the user id that a SOCKS4 request claims: it
    /// [equals](Self::equals), and the system is not `OTHER` (`ID-13`).
    pub fn confirms(&self, claim: &UserId) -> bool {
        self.names_user() && self.equals(claim)
    }

    /// Reads what stands behind `USERID :`. NUL, CR and LF were excluded with the line.
    pub(super) fn parse(field: &[u8]) -> Result<Self, DecodeError> {
        let (system, user_id) = line::split(field, b':')?;
        let (operating_system, charset) = match line::split(system, b',') {
            Ok((operating_system, charset)) => (operating_system, Some(Token::parse(charset)?)),
            Err(_) => (system, None),
        };
        let user_id = UserId::new(user_id).map_err(|_| DecodeError::TooLong)?;
        Self::new(Token::parse(operating_system)?, charset, user_id).ok_or(DecodeError::BadLine)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(system: &str, user_id: &[u8]) -> Option<Identity> {
        let system = Token::new(system).unwrap();
        Identity::new(system, None, UserId::new(user_id).unwrap())
    }

    fn confirms(system: &str, user_id: &[u8], claim: &[u8]) -> bool {
        let claim = UserId::new(claim).unwrap();
        identity(system, user_id).unwrap().confirms(&claim)
    }

    /// ID-12, ID-20: octet by octet, apart from one run of leading spaces.
    #[test]
    fn comparison_strips_leading_spaces_only() {
        assert!(confirms("UNIX", b"fred", b"fred"));
        assert!(confirms("UNIX", b"  fred", b"fred"));
        assert!(!confirms("UNIX", b"\tfred", b"fred"));
        assert!(!confirms("UNIX", b"fred ", b"fred"));
        assert!(!confirms("UNIX", b"fred", b"Fred"));
        assert!(!confirms("UNIX", b"  ", b""));
    }

    /// ID-13: the system OTHER never matches.
    #[test]
    fn other_is_not_a_user_name() {
        assert!(!confirms("OTHER", b"fred", b"fred"));
    }

    /// ID-11, ID-14: what a response cannot carry is not made.
    #[test]
    fn unspeakable_identities_are_refused() {
        for user_id in [&b""[..], b"a\0", b"a\r", b"\na"] {
            assert_eq!(identity("UNIX", user_id), None, "{user_id:?}");
        }
        assert_eq!(identity("UNIX,UTF-8", b"fred"), None);
        assert_eq!(Token::new(""), None);
        assert_eq!(Token::new("a b"), None);
        assert_eq!(Token::new("a:b"), None);
        assert_eq!(Token::new(&"a".repeat(65)), None);
        assert!(Token::new(&"a".repeat(64)).is_some());
    }
}

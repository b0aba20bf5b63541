use crate::{DecodeError, Secret, UserId, UserName};

/// Which streams may share a path upstream, as a client says by its credentials (Tor's SOCKS
/// extensions, "Stream isolation").
///
/// Isolation is no authentication: any credentials are accepted, and what matters is whether two
/// streams carry the same ones. Isolation strings and object identifiers are redacted by `Debug`
/// all the same, since clients put tokens and passwords there (`SE-34`).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Isolation {
    /// SOCKS4 or 4A: the user id is the key (`TO-19`).
    UserId(UserId),
    /// SOCKS5 without authentication.
    NoAuthentication,
    /// User name and password without the magic prefix: the pair is the key (`TO-19`).
    Legacy {
        /// UNAME.
        username: UserName,
        /// PASSWD.
        password: Secret,
    },
    /// Format octet `0` (`TO-21`).
    Format0 {
        /// PASSWD, may be empty.
        isolation: Secret,
    },
    /// Format octet `1` (`TO-22`).
    Format1 {
        /// The rest of UNAME: names an object of Arti's RPC. Not empty.
        object_id: Secret,
        /// PASSWD, may be empty.
        isolation: Secret,
    },
}

/// Present at the start of UNAME if and only if the extension is in use (`TO-20`).
const MAGIC: &[u8] = b"<torS0X>";

impl Isolation {
    /// Reads the credentials of method 02. Both fields may be empty (`TO-25`).
    ///
    /// # Errors
    ///
    /// [`DecodeError::BadIsolationFormat`] if the prefix is there and the format octet is missing
    /// or unknown (`TO-23`), has something behind it in format `0` (`TO-21`), or nothing in format
    /// `1` (`TO-22`). It is answered with status 01.
    pub fn from_credentials(username: &UserName, password: &Secret) -> Result<Self, DecodeError> {
        let isolation = password.clone();
        match username.as_bytes().strip_prefix(MAGIC) {
            None => Ok(Self::Legacy {
                username: username.clone(),
                password: isolation,
            }),
            Some([b'0']) => Ok(Self::Format0 { isolation }),
            Some([b'1', object_id @ ..]) if !object_id.is_empty() => Ok(Self::Format1 {
                object_id: Secret::new(object_id),
                isolation,
            }),
            Some(_) => Err(DecodeError::BadIsolationFormat),
        }
    }

    /// Whether two streams may share a path (`TO-24`). Different kinds never do, and neither do
    /// different formats; the object identifier does not count.
    pub fn same_isolation(&self, other: &Self) -> bool {
        // Plain comparisons: these keys let nobody in, so their timing gives nothing away that
        // sending the same key would not.
        match (self, other) {
            (Self::UserId(a), Self::UserId(b)) => a == b,
            (Self::NoAuthentication, Self::NoAuthentication) => true,
            (
                Self::Legacy {
                    username: a,
                    password: p,
                },
                Self::Legacy {
                    username: b,
                    password: q,
                },
            ) => a == b && p.expose() == q.expose(),
            (Self::Format0 { isolation: a }, Self::Format0 { isolation: b })
            | (Self::Format1 { isolation: a, .. }, Self::Format1 { isolation: b, .. }) => {
                a.expose() == b.expose()
            }
            _ => false,
        }
    }
}

impl From<UserId> for Isolation {
    fn from(user_id: UserId) -> Self {
        Self::UserId(user_id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn login(username: &str, password: &str) -> Isolation {
        Isolation::from_credentials(&username.into(), &password.into()).unwrap()
    }

    fn user_id(octets: &[u8]) -> Isolation {
        UserId::new(octets).unwrap().into()
    }

    /// TO-19, TO-24: each of these is a path of its own, and shares it with its equal.
    #[test]
    fn only_equals_share() {
        let kinds = || {
            [
                user_id(b""),
                user_id(b"hello"),
                Isolation::NoAuthentication,
                login("", ""),
                login("hello", ""),
                login("hello", "world"),
                login("hellow", "orld"),
                login("<torS0X>0", ""),
                login("<torS0X>0", "world"),
                login("<torS0X>1a", ""),
                login("<torS0X>1a", "world"),
            ]
        };
        for (i, a) in kinds().iter().enumerate() {
            for (j, b) in kinds().iter().enumerate() {
                assert_eq!(a.same_isolation(b), i == j, "{a:?} and {b:?}");
            }
        }
    }

    /// TO-24: two objects with one isolation string share.
    #[test]
    fn object_ids_do_not_count() {
        assert!(login("<torS0X>1abc", "x").same_isolation(&login("<torS0X>1def", "x")));
    }

    /// TO-20, TO-25: the prefix is exact and stands at the start, and empty fields are fine.
    #[test]
    fn what_is_not_magic_is_legacy() {
        for username in ["", "<torS0X", "<TORS0X>0", " <torS0X>0"] {
            let isolation = login(username, "");
            assert!(matches!(isolation, Isolation::Legacy { .. }), "{username}");
        }
    }
}

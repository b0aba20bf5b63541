use std::{
    collections::{BTreeSet, HashMap},
    convert::Infallible,
    future::{Ready, ready},
    sync::Arc,
    task::{Context, Poll},
};

use socks_core::{
    Method, UserName,
    message::{AuthRequest, Authentication, Credentials, Identity},
};
use tower_service::Service;

/// Maps the principals of GSSAPI (RFC 1961) to users, and lets nobody else in.
///
/// A principal is `name@REALM`. It is let in if an [entry](Self::principal) names it, or if its
/// realm is one of those [allowed](Self::realm); what maps to nothing is refused before a
/// protection level is agreed (`GS-28`). The realm is a group of the user's. Names and realms are
/// compared as octets, with case, as Kerberos does (`GS-31`).
///
/// Clones share the rules.
///
/// ```
/// use socks_auth::Principals;
///
/// let principals = Principals::new()
///     .realm("EXAMPLE.ORG")
///     .strip_realm(true)
///     .principal("alice@PARTNER.EXAMPLE", "alice-of-partner");
/// # let _ = principals;
/// ```
#[derive(Clone, Debug, Default)]
pub struct Principals {
    rules: Arc<Rules>,
}

#[derive(Clone, Debug, Default)]
struct Rules {
    realms: BTreeSet<Box<[u8]>>,
    strip_realm: bool,
    entries: HashMap<Box<[u8]>, UserName>,
}

impl Principals {
    /// Without a rule, so that nobody is let in.
    pub fn new() -> Self {
        Self::default()
    }

    fn with(mut self, set: impl FnOnce(&mut Rules)) -> Self {
        set(Arc::make_mut(&mut self.rules));
        self
    }

    /// Lets in whoever has a principal of this realm, and of no realm that it trusts. The well-known
    /// principals, `WELLKNOWN/…`, are nobody's in particular: that of an anonymous ticket is one, in
    /// the realm of whom it does not name (RFC 6111, RFC 8062).
    #[must_use]
    pub fn realm(self, realm: impl AsRef<[u8]>) -> Self {
        self.with(|rules| {
            rules.realms.insert(realm.as_ref().into());
        })
    }

    /// Whether users of an allowed realm are named without it; off by default. With more than one
    /// realm their users of the same name would be one user, so it then has no effect.
    #[must_use]
    pub fn strip_realm(self, strip: bool) -> Self {
        self.with(|rules| rules.strip_realm = strip)
    }

    /// Lets in one principal, written with its realm, under a name of its own, whatever the realm.
    #[must_use]
    pub fn principal(self, principal: impl AsRef<[u8]>, user: impl Into<UserName>) -> Self {
        self.with(|rules| {
            rules.entries.insert(principal.as_ref().into(), user.into());
        })
    }

    /// Who a principal is here; `None` if nobody.
    pub fn identity(&self, principal: &[u8]) -> Option<Identity> {
        let (name, realm) = parts(principal)?;
        let rules = &*self.rules;
        let user = match rules.entries.get(principal) {
            Some(user) => user.clone(),
            None if !rules.realms.contains(realm) || name.starts_with(WELL_KNOWN) => return None,
            None if rules.strip_realm && rules.realms.len() == 1 => UserName::from(name),
            None => UserName::from(principal),
        };
        let identity = Identity::user(user, Method::GSSAPI);
        Some(match std::str::from_utf8(realm) {
            Ok(realm) => identity.group(realm),
            Err(_) => identity,
        })
    }
}

/// How the name of a well-known principal begins (RFC 6111 §3.1).
const WELL_KNOWN: &[u8] = b"WELLKNOWN/";

/// A principal's name and realm, neither of them empty.
///
/// A name or realm with an `@` of its own has it displayed with a backslash before it. Such names
/// exist to be mistaken for others and are nobody's here, as is every other one with an escape.
fn parts(principal: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = principal.iter().position(|octet| *octet == b'@')?;
    let (name, realm) = (principal.get(..at)?, principal.get(at + 1..)?);
    let plain = |part: &[u8]| {
        !part.is_empty()
            && !part
                .iter()
                .any(|octet| matches!(octet, b'@' | b'\\') || octet.is_ascii_control())
    };
    (plain(name) && plain(realm)).then_some((name, realm))
}

impl Service<AuthRequest> for Principals {
    type Response = Authentication;
    type Error = Infallible;
    type Future = Ready<Result<Authentication, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: AuthRequest) -> Self::Future {
        let identity = match &request.credentials {
            Credentials::Gssapi { principal } => self.identity(principal.as_bytes()),
            _ => None,
        };
        let rejected = Authentication::rejected();
        ready(Ok(identity.map_or(rejected, Authentication::Accepted)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(principals: &Principals, principal: &str) -> Option<String> {
        let identity = principals.identity(principal.as_bytes())?;
        identity.user.map(|user| user.to_string())
    }

    /// GS-31: the realm counts, and stays part of the name unless it is the only one and told to go.
    #[test]
    fn realms() {
        let one = Principals::new().realm("EXAMPLE.ORG");
        assert_eq!(
            user(&one, "alice@EXAMPLE.ORG").unwrap(),
            "alice@EXAMPLE.ORG"
        );
        assert_eq!(user(&one, "alice@example.org"), None);
        assert_eq!(user(&one, "alice@EVIL.EXAMPLE"), None);
        assert_eq!(user(&one, "alice"), None);

        let stripped = one.strip_realm(true);
        assert_eq!(user(&stripped, "alice@EXAMPLE.ORG").unwrap(), "alice");
        let admin = user(&stripped, "alice/admin@EXAMPLE.ORG").unwrap();
        assert_eq!(admin, "alice/admin");

        let two = stripped.realm("PARTNER.EXAMPLE");
        for principal in ["alice@EXAMPLE.ORG", "alice@PARTNER.EXAMPLE"] {
            assert_eq!(user(&two, principal).unwrap(), principal);
        }
        let groups = two.identity(b"alice@PARTNER.EXAMPLE").unwrap().groups;
        assert_eq!(&*groups[0], "PARTNER.EXAMPLE");
    }

    /// GS-31: an entry names one principal, realm included, and no other.
    #[test]
    fn entries() {
        let principals = Principals::new().principal("alice@PARTNER.EXAMPLE", "visitor");
        assert_eq!(
            user(&principals, "alice@PARTNER.EXAMPLE").unwrap(),
            "visitor"
        );
        assert_eq!(user(&principals, "bob@PARTNER.EXAMPLE"), None);
        assert_eq!(user(&principals, "alice@EXAMPLE.ORG"), None);
        assert_eq!(user(&Principals::new(), "alice@EXAMPLE.ORG"), None);
    }

    /// GS-31: names that are made to look like others are nobody's.
    #[test]
    fn hostile_names() {
        let principals = Principals::new().realm("EXAMPLE.ORG").strip_realm(true);
        for principal in [
            r"alice\@EXAMPLE.ORG@EVIL.EXAMPLE",
            "alice@EVIL.EXAMPLE@EXAMPLE.ORG",
            "WELLKNOWN/ANONYMOUS@EXAMPLE.ORG",
            "WELLKNOWN/ANONYMOUS@WELLKNOWN:ANONYMOUS",
            "WELLKNOWN/FEDERATED@EXAMPLE.ORG",
            r"al\ice@EXAMPLE.ORG",
            "alice\n@EXAMPLE.ORG",
            "@EXAMPLE.ORG",
            "alice@",
            "",
        ] {
            assert_eq!(user(&principals, principal), None, "{principal:?}");
        }
    }
}

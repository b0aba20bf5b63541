//! `[auth.gssapi]`: users with a Kerberos ticket (RFC 1961).

#[cfg(feature = "gssapi")]
pub use self::enabled::{Gssapi, backend};

#[cfg(feature = "gssapi")]
mod enabled {
    use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

    use serde::Deserialize;
    use socks_auth::{
        Principals,
        gssapi::{Acceptor, Keytab},
    };
    use socks_core::{Method, gssapi::Levels};
    use toml::Spanned;

    use crate::{
        auth::{
            AuthMethod,
            backend::{Backend, Parts, Place},
        },
        config::ConfigError,
        value::Name,
    };

    #[derive(Debug, Default, Deserialize)]
    #[serde(deny_unknown_fields, default)]
    pub struct Gssapi {
        keytab: Option<Spanned<PathBuf>>,
        service: Option<String>,
        levels: Option<Spanned<Vec<Level>>>,
        nec: bool,
        realms: Vec<String>,
        strip_realm: Option<Spanned<bool>>,
        principals: BTreeMap<Spanned<String>, Name>,
    }

    #[derive(Clone, Copy, Debug, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    enum Level {
        Clear,
        Integrity,
        Confidentiality,
    }

    impl From<Level> for Levels {
        fn from(level: Level) -> Self {
            match level {
                Level::Clear => Self::CLEAR,
                Level::Integrity => Self::INTEGRITY,
                Level::Confidentiality => Self::CONFIDENTIALITY,
            }
        }
    }

    /// Opens the keytab, too.
    pub fn backend(table: &Spanned<Gssapi>, place: Place<'_>) -> Result<Backend, ConfigError> {
        let gssapi = table.get_ref();
        let levels = gssapi.levels(place)?;
        let principals = gssapi.principals(table, place)?;
        let acceptor = gssapi.acceptor(table, place)?;
        let nec = gssapi.nec;
        let service = gssapi.service.as_deref().unwrap_or("any service");
        let mut description = format!("Kerberos keys of {service}, {levels:?}");
        if nec {
            description += ", levels of NEC's";
        }
        Ok(Backend::new(AuthMethod::Gssapi, description, move |_| {
            let acceptor = acceptor.clone();
            let make = move || acceptor.subnegotiation().levels(levels).nec(nec);
            let mut parts = Parts::new(principals.clone());
            parts.subnegotiation = Some(Arc::new((Method::GSSAPI, make)));
            parts
        }))
    }

    impl Gssapi {
        fn levels(&self, place: Place<'_>) -> Result<Levels, ConfigError> {
            let Some(list) = &self.levels else {
                return Ok(Levels::PROTECTED);
            };
            let levels = list.get_ref().iter().copied().map(Levels::from);
            let levels = levels.fold(Levels::NONE, Levels::or);
            match levels.is_empty() {
                true => Err(place.error(list.span(), "levels", "expected at least one level")),
                false => Ok(levels),
            }
        }

        fn principals(
            &self,
            table: &Spanned<Self>,
            place: Place<'_>,
        ) -> Result<Principals, ConfigError> {
            if self.realms.is_empty() && self.principals.is_empty() {
                let what = "expected a realm, or entries in principals, or nobody gets in";
                return Err(place.error(table.span(), "realms", what));
            }
            let mut principals = Principals::new();
            if let Some(strip) = &self.strip_realm {
                if *strip.get_ref() && self.realms.len() != 1 {
                    let what =
                        "expected one realm: of several, users of the same name would be one user";
                    return Err(place.error(strip.span(), "strip_realm", what));
                }
                principals = principals.strip_realm(*strip.get_ref());
            }
            for realm in &self.realms {
                principals = principals.realm(realm);
            }
            for (principal, user) in &self.principals {
                if !principal.get_ref().contains('@') {
                    let what = "expected NAME@REALM";
                    return Err(place.error(principal.span(), "principals", what));
                }
                principals = principals.principal(principal.get_ref(), user.0.clone());
            }
            Ok(principals)
        }

        fn acceptor(
            &self,
            table: &Spanned<Self>,
            place: Place<'_>,
        ) -> Result<Acceptor, ConfigError> {
            let (keytab, span) = match &self.keytab {
                Some(path) => (Keytab::new(path.get_ref()), path.span()),
                None => (Keytab::system(), table.span()),
            };
            let keytab = match &self.service {
                Some(service) => keytab.service(service),
                None => keytab,
            };
            keytab
                .open()
                .map_err(|error| place.error(span, "keytab", error))
        }
    }
}

#[cfg(not(feature = "gssapi"))]
pub use self::without::{Gssapi, backend};

#[cfg(not(feature = "gssapi"))]
mod without {
    use toml::Spanned;

    use crate::{
        auth::{
            backend::{Backend, Place},
            disabled::{Disabled, Feature},
        },
        config::ConfigError,
    };

    pub struct Kerberos;

    impl Feature for Kerberos {
        const NAME: &'static str = "gssapi";
    }

    pub type Gssapi = Disabled<Kerberos>;

    pub fn backend(table: &Spanned<Gssapi>, _: Place<'_>) -> Result<Backend, ConfigError> {
        table.get_ref().never()
    }
}

#[cfg(test)]
mod tests {
    use crate::auth::tests::error;

    /// What is wrong with the table is told by file, line, key, and what was expected.
    #[cfg(feature = "gssapi")]
    #[test]
    fn mistakes() {
        for (table, expected) in [
            (
                "keytab = '/nowhere/keytab'\nservice = 'rcmd'\nrealms = ['EXAMPLE.ORG']",
                "f.toml:2:10: auth.gssapi.keytab: ",
            ),
            (
                "levels = []\nrealms = ['EXAMPLE.ORG']",
                "f.toml:2:10: auth.gssapi.levels: expected at least one level",
            ),
            (
                "levels = ['selective']\nrealms = ['EXAMPLE.ORG']",
                "f.toml:2:11: auth.gssapi.levels: unknown variant `selective`, expected one of `clear`, \
                 `integrity`, `confidentiality`",
            ),
            (
                "keytab = '/nowhere/keytab'",
                "f.toml:1:1: auth.gssapi.realms: expected a realm, or entries in principals, or nobody gets in",
            ),
            (
                "strip_realm = true\nrealms = ['EXAMPLE.ORG', 'PARTNER.EXAMPLE']",
                "f.toml:2:15: auth.gssapi.strip_realm: expected one realm",
            ),
            (
                "[auth.gssapi.principals]\nalice = 'alice'",
                "f.toml:3:1: auth.gssapi.principals: expected NAME@REALM",
            ),
        ] {
            let error = error(&format!("[auth.gssapi]\n{table}"));
            assert!(
                error.starts_with(expected),
                "{table:?}\n {error}\n {expected}"
            );
        }
    }

    #[cfg(not(feature = "gssapi"))]
    #[test]
    fn the_feature_is_named() {
        let error = error("[auth.gssapi]\nkeytab = '/etc/socks.keytab'");
        assert!(
            error.contains("expected a socks-server that was built with `--features gssapi`"),
            "{error}"
        );
    }
}

use std::{fmt, marker::PhantomData};

use serde::{Deserialize, Deserializer, de};

use super::{
    backend::{Backend, Place},
    stores::Store,
};
use crate::config::ConfigError;

/// In place of a section whose feature this program was built without: it cannot be there.
pub struct Disabled<F>(PhantomData<F>, Never);

/// Nothing: a section that exists is an error.
enum Never {}

/// A feature of this package.
pub trait Feature {
    const NAME: &'static str;
}

impl<F> Disabled<F> {
    /// For where a section would be used.
    pub fn never(&self) -> ! {
        match self.1 {}
    }
}

impl<'de, F: Feature> Deserialize<'de> for Disabled<F> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        de::IgnoredAny::deserialize(deserializer)?;
        Err(de::Error::custom(format_args!(
            "expected a socks-server that was built with `--features {}`",
            F::NAME
        )))
    }
}

impl<F> fmt::Debug for Disabled<F> {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.never()
    }
}

impl<F> Store for Disabled<F> {
    fn prepare(self, _: &Place<'_>) -> Result<Backend, ConfigError> {
        self.never()
    }
}

macro_rules! features {
    ($($name:ident $feature:literal),*) => {
        $(
            pub enum $name {}

            impl Feature for $name {
                const NAME: &'static str = $feature;
            }
        )*
    };
}

features!(Admin "admin", Htpasswd "htpasswd", Http "http", Pam "pam", Sql "sql");

use std::{fmt, marker::PhantomData};

use serde::{Deserialize, Deserializer, de};

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

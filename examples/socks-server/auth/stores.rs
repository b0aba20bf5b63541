use toml::Spanned;

use super::{
    backend::{Backend, Place},
    users::users,
};
use crate::{
    config::{ConfigError, Source},
    value::{Name, Password},
};

/// A table below `[auth]` that says where users and passwords are.
pub trait Store {
    /// Finds everything that is wrong with it.
    fn prepare(self, place: &Place<'_>) -> Result<Backend, ConfigError>;
}

/// Where users and passwords are: one place at most, for of two it would not be clear which of
/// them locks a user out.
pub struct Stores<'a> {
    source: &'a Source,
    /// With what to call it.
    found: Option<(&'static str, Backend)>,
}

impl<'a> Stores<'a> {
    /// Those of `[[user]]` and `--user`, if there are any.
    pub fn new(named: Vec<(Name, Password)>, source: &'a Source) -> Self {
        let found = (!named.is_empty()).then(|| ("[[user]] or --user", users(named)));
        Self { source, found }
    }

    pub fn table(
        mut self,
        table: &'static str,
        section: Option<Spanned<impl Store>>,
    ) -> Result<Self, ConfigError> {
        if let Some(section) = section {
            if let Some((other, _)) = &self.found {
                let what = format!("expected one store of passwords, and {other} is there too");
                return Err(self.source.error(section.span(), table, what));
            }
            let source = self.source;
            let backend = section.into_inner().prepare(&Place { source, table })?;
            self.found = Some((table, backend));
        }
        Ok(self)
    }

    pub fn only(self) -> Option<Backend> {
        self.found.map(|(_, backend)| backend)
    }
}

#[cfg(test)]
mod tests;

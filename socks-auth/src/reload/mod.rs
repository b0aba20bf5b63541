//! Files that are read again when they change.

mod error;
mod file;
mod stamp;
mod watch;

#[cfg(test)]
mod tests;

pub(crate) use self::{error::Expected, file::Reloaded};
pub use self::{error::LoadError, watch::Watch};

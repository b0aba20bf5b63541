//! Users of the system's PAM library.

mod error;
mod groups;
mod service;
mod store;
mod transaction;

#[cfg(test)]
mod tests;

pub use self::{error::PamError, store::Pam};

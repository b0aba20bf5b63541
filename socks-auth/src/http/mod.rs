//! Asks an HTTP service who may log in.

mod answer;
mod builder;
mod client;
mod error;
mod question;
mod store;

#[cfg(test)]
mod tests;

pub use self::{builder::HttpBuilder, error::HttpError, store::Http};

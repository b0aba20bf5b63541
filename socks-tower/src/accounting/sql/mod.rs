mod account;
mod builder;
mod database;
mod error;
#[cfg(test)]
mod tests;
mod writer;

pub use self::{account::SqlAccount, builder::SqlAccountBuilder, error::SqlAccountError};

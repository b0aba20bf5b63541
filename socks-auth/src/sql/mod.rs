//! Users of an SQL database.

mod builder;
mod database;
mod error;
mod seen;
mod store;

#[cfg(test)]
mod tests;

pub use self::{builder::SqlBuilder, error::SqlError, store::Sql};

//! At most so many lookups of one client at a time, around any resolver (`SE-23`).

mod future;
mod layer;
mod service;
#[cfg(test)]
mod tests;

pub use self::{future::LookupLimitFuture, layer::LookupLimitLayer, service::LookupLimit};

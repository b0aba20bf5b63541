//! Groups of a file, added to whomever an authenticator lets in.

mod file;
mod future;
mod layer;
mod service;
mod table;

#[cfg(test)]
mod tests;

pub use self::{file::Htgroup, future::AddGroupsFuture, layer::AddGroupsLayer, service::AddGroups};

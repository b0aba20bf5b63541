//! Logins that were right a moment ago, so that a slow store is asked once for many connections.

mod cache;
mod layer;
mod service;
#[cfg(test)]
mod tests;

pub use self::{
    layer::SuccessCacheLayer,
    service::{SuccessCache, SuccessCacheFuture},
};

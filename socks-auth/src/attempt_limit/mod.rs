//! Failed logins, limited by client address and by user name (`UP-22`, `SE-33`).

mod attempts;
mod client;
mod failures;
mod layer;
mod service;
#[cfg(test)]
mod tests;

pub use self::{
    layer::{AttemptCounts, AttemptLimitLayer},
    service::{AttemptLimit, AttemptLimitFuture},
};

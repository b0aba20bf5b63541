//! Users of a file that Apache's `htpasswd` writes.

mod store;
mod table;

#[cfg(test)]
mod tests;

pub use self::store::{Htpasswd, HtpasswdBuilder};

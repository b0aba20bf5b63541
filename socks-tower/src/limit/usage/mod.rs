//! Where what was used of volumes is kept.

#[cfg(feature = "usage-store")]
mod file;
mod keep;
mod store;

#[cfg(feature = "usage-store")]
pub use self::file::UsageFile;
pub use self::store::{Usage, UsageStore};

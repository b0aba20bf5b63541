//! Where what was used of volumes is kept.

mod file;
mod keep;
mod store;

pub use self::{
    file::UsageFile,
    store::{Usage, UsageStore},
};

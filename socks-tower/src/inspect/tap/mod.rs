//! An inspector that only looks.

mod inspector;
mod reader;
mod record;
#[cfg(test)]
mod tests;

pub use self::{
    inspector::Tap,
    reader::{TapReader, tap},
    record::{TapEvent, TapRecord},
};

//! The accept loop and its listeners, seen from outside.

// clippy knows a test by its attribute, not the functions that it calls.
#![allow(clippy::unwrap_used)]

mod accepting;
#[cfg(unix)] // It speaks in error numbers.
mod failures;
mod listeners;
mod shutdown;
mod support;
mod workers;

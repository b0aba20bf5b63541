use std::hash::{BuildHasher, RandomState};

/// A number that nobody can foretell. The keys of the standard library's hash maps come from the
/// system's random source for each thread, and no two maps have the same.
pub(crate) fn random() -> u64 {
    RandomState::new().hash_one(())
}

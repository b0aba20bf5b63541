//! Which requirement of `docs/protocol` is proved by which test: `docs/conformance.md`.
//!
//! `cargo run -p conformance` writes the report; the test of this package fails when it is out of
//! date, when a requirement of the finished series has neither a test nor a reason why not, and
//! when a reason has outlived its cause.
//!
//! | Input | Read by |
//! |---|---|
//! | the catalogue, `docs/protocol/*.md` | [`Catalogue`] |
//! | the tests of the workspace | [`Proofs`] |
//! | the byte vectors, `tests/vectors/vectors.json` | [`Vectors`] |
//! | the reasons, `docs/conformance.toml` | [`Reasons`] |
//!
//! # How a test cites a requirement
//!
//! In its documentation (`///`) or at the start of its own name:
//!
//! ```text
//! /// R5-12, R5-33…R5-38: what this proves.
//! #[test]
//! fn selections() {}
//!
//! #[test]
//! fn r5_12_only_what_was_offered() {}
//! ```
//!
//! Plain `//` comments do not count: the parser does not see them. Tests that are `#[ignore]`d
//! prove nothing. Tests inside `proptest!`, or inside a macro of one's own, count like all others.

mod audit;
mod catalogue;
mod citation;
mod difference;
mod error;
mod id;
mod level;
mod proofs;
mod reasons;
mod report;
mod repository;
mod series;
mod standing;
mod vectors;

pub use self::{
    catalogue::{Catalogue, Requirement},
    difference::difference,
    error::Error,
    id::Id,
    proofs::Proofs,
    reasons::{Entry, Reasons, Status},
    repository::Repository,
    series::Series,
    standing::{Standing, standing},
    vectors::Vectors,
};

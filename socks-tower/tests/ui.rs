//! What the compiler says to a wrong type in a setter: it names the phase and what was expected.

/// The wording is rustc's, so it is compared on the version that CI runs and skipped on others.
#[rustversion::attr(
    not(stable(1.95)),
    ignore = "the expected messages are those of Rust 1.95"
)]
#[test]
fn wrong_phases() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}

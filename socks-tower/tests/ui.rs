//! What the compiler says to a wrong type in a setter: it names the phase and what was expected.

/// The wording is rustc's, so it is compared on the version that CI runs and skipped on others.
#[rustversion::attr(
    not(stable(1.95)),
    ignore = "the expected messages are those of Rust 1.95"
)]
// Which services it lists beside what is wrong depends on the features: those of the workspace count.
#[cfg_attr(
    not(all(feature = "proxy-protocol", not(feature = "hickory"))),
    ignore = "the expected messages are those of the workspace's features"
)]
#[test]
fn wrong_phases() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}

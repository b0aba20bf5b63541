//! What the compiler says to a wrong type in a setter: it names the phase and what was expected.

#[test]
fn wrong_phases() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}

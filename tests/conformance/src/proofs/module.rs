use std::path::Path;

/// The module of a file, by its path in the package: `src/server/mod.rs` of `socks_core` is
/// `socks_core::server`, `tests/vectors/main.rs` is `socks_core::vectors`.
pub(super) fn path(package: &str, file: &Path) -> Vec<String> {
    let file = file.with_extension("");
    let parts = file.iter().map(|part| part.to_string_lossy().into_owned());
    let mut module = vec![package.to_owned()];
    // The first part says what kind of target it is.
    module.extend(parts.skip(1));
    let is_root = |name: &String| matches!(name.as_str(), "lib" | "main" | "mod");
    if module.len() > 1 && module.last().is_some_and(is_root) {
        module.pop();
    }
    module
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths() {
        let read = |file| path("a", Path::new(file)).join("::");
        assert_eq!(read("src/lib.rs"), "a");
        assert_eq!(read("src/server/mod.rs"), "a::server");
        assert_eq!(read("src/server/tests.rs"), "a::server::tests");
        assert_eq!(read("tests/sessions.rs"), "a::sessions");
        assert_eq!(read("tests/vectors/main.rs"), "a::vectors");
        assert_eq!(read("build.rs"), "a");
    }
}

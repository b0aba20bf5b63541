use std::fmt;

use socks_core::Escaped;

use crate::set::glob_matches;

/// A pattern for names of certificates, in which `*` stands for any octets, none included. ASCII
/// letters are alike in both cases.
///
/// ```
/// use socks_acl::Glob;
///
/// let pattern = Glob::new("*.Staff.example.com");
/// assert!(pattern.matches("alice.staff.example.com"));
/// assert!(!pattern.matches("staff.example.com"));
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Glob(Box<str>);

impl Glob {
    /// Every text is a pattern.
    pub fn new(pattern: &str) -> Self {
        Self(pattern.to_ascii_lowercase().into())
    }

    /// Whether the whole of `text` is what the pattern says. In time of the sum of both lengths.
    pub fn matches(&self, text: &str) -> bool {
        glob_matches(&self.0, text.to_ascii_lowercase().as_bytes())
    }
}

impl fmt::Display for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Escaped(self.0.as_bytes()).fmt(f)
    }
}

impl fmt::Debug for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&Escaped(self.0.as_bytes()), f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_texts_match() {
        for (pattern, text, matches) in [
            ("", "", true),
            ("", "a", false),
            ("*", "", true),
            ("*", "spiffe://example.org/x", true),
            ("a*c", "abbc", true),
            ("a*c", "abbcd", false),
            ("*.example.com", "a.b.example.com", true),
            ("*.example.com", "example.com", false),
            ("a*b*c", "axbxbxc", true),
            ("A*", "abc", true),
            ("a**b", "ab", true),
        ] {
            assert_eq!(
                Glob::new(pattern).matches(text),
                matches,
                "{pattern} {text}"
            );
        }
    }

    /// A pattern that takes exponential time elsewhere ends here, as does the test.
    #[test]
    fn many_stars_are_not_exponential() {
        let pattern = Glob::new(&"*a".repeat(1_000));
        assert!(!pattern.matches(&("a".repeat(5_000) + "b")));
    }
}

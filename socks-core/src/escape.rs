use core::fmt;

/// Shows octets that a peer chose, made safe for a log line or a terminal (`SE-38`).
///
/// Control characters, quotes, backslashes and everything outside printable ASCII come out as
/// escapes, and what is longer than 256 octets is cut with an ellipsis.
#[derive(Clone, Copy)]
pub struct Escaped<'a>(pub &'a [u8]);

impl Escaped<'_> {
    /// Octets shown before the rest is cut.
    pub const MAX: usize = 256;
}

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.0.get(..Self::MAX).unwrap_or(self.0);
        write!(f, "{}", shown.escape_ascii())?;
        if shown.len() < self.0.len() {
            f.write_str("…")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    /// SE-38: control characters, CR, LF, DEL, terminal escapes and non-UTF-8 never pass.
    #[test]
    fn hostile_octets_are_escaped() {
        assert_eq!(
            format!("{}", Escaped(b"a\r\nb\x1b[31m\x7f\xff")),
            "a\\r\\nb\\x1b[31m\\x7f\\xff"
        );
    }

    /// SE-38: the length is capped.
    #[test]
    fn long_text_is_cut() {
        assert_eq!(format!("{}", Escaped(&[b'a'; 300])).chars().count(), 257);
        assert_eq!(format!("{}", Escaped(&[b'a'; 256])).chars().count(), 256);
    }
}

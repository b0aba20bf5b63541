use std::fmt;

use crate::{Id, Proofs, Reasons, Status, Vectors};

/// Where a requirement stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// At least one test cites it.
    Proved,
    /// Only vectors name it.
    Vectors,
    /// What `docs/conformance.toml` says of it.
    Stated(Status),
    /// Neither a test nor a reason: an error.
    Unknown,
}

/// Weighs what is known of a requirement.
///
/// A test counts more than the default of a series, and what is said of the requirement itself
/// counts more than a test; [`Repository::problems`](crate::Repository::problems) finds what
/// contradicts one. Vectors count last: they show how octets are read, not what is done about it.
pub fn standing(id: Id, proofs: &Proofs, vectors: &Vectors, reasons: &Reasons) -> Standing {
    let own = reasons.entries.get(&id).and_then(|entry| entry.status);
    let default = reasons
        .series
        .get(&id.series)
        .and_then(|entry| entry.status);
    match (own, default) {
        (Some(status), _) => Standing::Stated(status),
        (None, _) if proofs.of(id).len() > 0 => Standing::Proved,
        (None, Some(status)) => Standing::Stated(status),
        (None, None) if vectors.of(id) > 0 => Standing::Vectors,
        (None, None) => Standing::Unknown,
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Proved => f.write_str("proved"),
            Self::Vectors => f.write_str("vectors"),
            Self::Stated(status) => status.fmt(f),
            Self::Unknown => f.write_str("unknown"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_of_weight() {
        let proofs = Proofs::sample(&[("a::t", "R5-1, R5-2, GS-1")]);
        let reasons = Reasons::sample(
            "[series.GS]\nstatus = \"not yet\"\nreason = \"a\"\n\
             [R5-2]\nstatus = \"partly\"\nreason = \"b\"",
        );
        let of = |id: &str| {
            standing(id.parse().unwrap(), &proofs, &Vectors::default(), &reasons).to_string()
        };
        assert_eq!(of("R5-1"), "proved");
        assert_eq!(of("R5-2"), "partly");
        assert_eq!(of("R5-3"), "unknown");
        assert_eq!(of("GS-1"), "proved");
        assert_eq!(of("GS-2"), "not yet");
    }
}

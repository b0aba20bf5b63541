use std::{error::Error as StdError, fmt, io, sync::Arc};

use socks_core::message::{Denial, Terms};

/// Why somebody ended a tunnel or an association that could have gone on.
///
/// A stream between a relay and its sockets cuts by failing with one of these, as an [`io::Error`];
/// [`AdaptiveRelay`](crate::AdaptiveRelay) makes a [`RelayEnd::Cut`](crate::RelayEnd::Cut) of it. On TCP both
/// sides are reset (`SE-49`).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Cut {
    /// One word for logs and metric labels, so nothing that a peer chose (`SE-44`).
    pub reason: &'static str,
    /// The rule that says so, if one does.
    pub terms: Option<Arc<Terms>>,
    /// The name of the limit that was reached, if that is why.
    pub limit: Option<Arc<str>>,
}

impl Cut {
    /// For this reason.
    pub const fn new(reason: &'static str) -> Self {
        Self {
            reason,
            terms: None,
            limit: None,
        }
    }

    /// By this rule.
    #[must_use]
    pub fn terms(mut self, terms: Arc<Terms>) -> Self {
        self.terms = Some(terms);
        self
    }

    /// Because this limit was reached.
    #[must_use]
    pub fn limit(mut self, limit: impl Into<Arc<str>>) -> Self {
        self.limit = Some(limit.into());
        self
    }

    /// The cut that `error` is or has among its sources.
    pub fn of<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a Self> {
        let mut next = Some(error);
        while let Some(error) = next {
            if let Some(cut) = error.downcast_ref() {
                return Some(cut);
            }
            // The source of an io::Error is that of what is in it, which would be stepped over.
            next = match error
                .downcast_ref::<io::Error>()
                .and_then(io::Error::get_ref)
            {
                Some(inner) => Some(inner),
                None => error.source(),
            };
        }
        None
    }
}

/// A tunnel that an access controller refuses, with the reason `denied`. The reply code is lost: the
/// client has its reply already.
impl From<Denial> for Cut {
    fn from(denial: Denial) -> Self {
        Self {
            terms: denial.terms,
            limit: denial.limit,
            ..Self::new("denied")
        }
    }
}

impl From<Cut> for io::Error {
    fn from(cut: Cut) -> Self {
        Self::other(cut)
    }
}

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cut: {}", self.reason)
    }
}

impl StdError for Cut {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_found_in_whatever_it_is_wrapped() {
        let cut = Cut::new("test").limit("volume");
        let once = io::Error::from(cut.clone());
        assert_eq!(Cut::of(&once), Some(&cut));
        let twice = io::Error::other(once);
        assert_eq!(Cut::of(&twice), Some(&cut));
        assert_eq!(Cut::of(&io::Error::other("cut")), None);
    }
}

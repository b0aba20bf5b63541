use alloc::sync::Arc;

use super::Terms;
use crate::ReplyCode;

/// Why and how a request is refused. The client hears of the code alone.
///
/// A [`ReplyCode`] converts into one.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Denial {
    /// What the client is told, usually [`ReplyCode::NOT_ALLOWED`].
    pub code: ReplyCode,
    /// The rule that refused it, if a rule did.
    pub terms: Option<Arc<Terms>>,
    /// The name of the limit that was reached, if that is why.
    pub limit: Option<Arc<str>>,
}

impl Denial {
    /// A refusal without a word about why.
    pub const fn new(code: ReplyCode) -> Self {
        Self {
            code,
            terms: None,
            limit: None,
        }
    }

    /// Refused by this rule.
    #[must_use]
    pub fn terms(mut self, terms: Arc<Terms>) -> Self {
        self.terms = Some(terms);
        self
    }

    /// Refused because this limit was reached.
    #[must_use]
    pub fn limit(mut self, limit: impl Into<Arc<str>>) -> Self {
        self.limit = Some(limit.into());
        self
    }
}

impl From<ReplyCode> for Denial {
    fn from(code: ReplyCode) -> Self {
        Self::new(code)
    }
}

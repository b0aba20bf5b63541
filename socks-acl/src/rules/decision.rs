use std::{fmt, sync::Arc};

use socks_core::{Address, Escaped, ReplyCode, message::Terms};

use super::{
    judge::{Granted, Judged, Refused, Why},
    rule::Grant,
};

/// What rules decide about one question.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Decision {
    /// Whether it is allowed.
    pub allowed: bool,
    /// The rule that decided, with what it says beside yes or no. `None` if no rule matched, which
    /// refuses, or if there are no rules for the point and none are needed.
    pub terms: Option<Arc<Terms>>,
    /// What the client is told; `00` if it is allowed.
    pub reply: ReplyCode,
    /// Refused although its rule allows it: that grants something else than the request was granted
    /// by its name, or than another form of the address.
    pub other_grant: bool,
    /// Where a request goes in place of its destination, if its rule rewrites that.
    pub destination: Option<Address>,
    grant: Option<Arc<Grant>>,
}

impl Decision {
    pub(super) fn of(judged: &Judged<'_>) -> Self {
        match judged {
            Judged::Allowed(granted) => Self::allowed(granted.as_ref()),
            Judged::Refused(refused) => Self::refused(refused),
        }
    }

    pub(super) fn of_address(judged: &Result<Option<Granted<'_>>, Refused<'_>>) -> Self {
        match judged {
            Ok(granted) => Self::allowed(granted.as_ref()),
            Err(refused) => Self::refused(refused),
        }
    }

    fn allowed(granted: Option<&Granted<'_>>) -> Self {
        Self {
            allowed: true,
            terms: granted.map(|granted| Arc::clone(&granted.rule.terms)),
            reply: ReplyCode::SUCCEEDED,
            other_grant: false,
            destination: granted.and_then(|granted| granted.destination.clone()),
            grant: granted.map(|granted| Arc::clone(granted.grant)),
        }
    }

    fn refused(refused: &Refused<'_>) -> Self {
        Self {
            allowed: false,
            terms: refused.rule.map(|rule| Arc::clone(&rule.terms)),
            reply: refused.denial().code,
            other_grant: refused.why == Why::OtherGrant,
            destination: None,
            grant: None,
        }
    }

    /// Whether a client notices a difference between the two.
    pub(super) fn differs(&self, other: &Self) -> bool {
        let none = Grant::default();
        let granted = self.grant.as_deref().unwrap_or(&none);
        self.allowed != other.allowed
            || self.reply != other.reply
            || !granted.agrees(other.grant.as_deref().unwrap_or(&none))
    }
}

impl fmt::Display for Decision {
    /// `allowed by "web"`, `refused with 02 by "safe default"`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.allowed {
            true => f.write_str("allowed")?,
            false => write!(f, "refused with {:02x}", self.reply.0)?,
        }
        match &self.terms {
            Some(terms) => write!(f, " by {:?}", Escaped(terms.rule.as_bytes()))?,
            None if self.allowed => f.write_str(", there are no rules for this")?,
            None => f.write_str(", no rule matches")?,
        }
        match self.other_grant {
            true => f.write_str(", which grants something else than what the name was granted"),
            false => Ok(()),
        }
    }
}

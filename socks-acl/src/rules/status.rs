use std::fmt;

/// A rule in a list, and how often it has decided.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct RuleStatus {
    /// The point's name.
    pub point: &'static str,
    /// The rule's name.
    pub rule: String,
    /// `allow` or `deny`.
    pub verdict: &'static str,
    /// Questions that it has decided: requests, accepted clients and peers, and addresses and
    /// datagrams that were refused. Rules that are only tried out count nothing.
    pub hits: u64,
}

/// Something about rules that is probably not meant as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RuleWarning {
    /// The point's name.
    pub point: &'static str,
    /// The rule's name.
    pub rule: String,
    /// What about it.
    pub what: String,
}

impl fmt::Display for RuleWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { point, rule, what } = self;
        write!(f, "{point} rule {rule:?} {what}")
    }
}

use alloc::{sync::Arc, vec::Vec};

/// What the rule that decided says beside yes or no. Made once a rule and shared by all its
/// sessions.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Terms {
    /// The rule's name, for logs and accounting.
    pub rule: Arc<str>,
    /// Names of the limits that apply, over those that apply to everybody.
    pub limits: Vec<Arc<str>>,
    /// In which class of the log the session is written down; `None` for the usual one.
    pub log_class: Option<Arc<str>>,
    /// Answers `01` where the reply would tell what exists behind the server: `03`, `04`, `05`
    /// and `06` (`SE-45`). How long the answer takes still tells something.
    pub conceal: bool,
}

impl Terms {
    /// Nothing but the rule's name.
    pub fn new(rule: impl Into<Arc<str>>) -> Self {
        Self {
            rule: rule.into(),
            limits: Vec::new(),
            log_class: None,
            conceal: false,
        }
    }
}

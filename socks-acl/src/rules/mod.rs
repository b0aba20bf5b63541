//! Rules as data: conditions, verdicts, and the access controller that asks them.
//!
//! A question becomes [`Facts`](facts::Facts), each rule says whether it is about them
//! ([`Compiled::matches`](compiled::Compiled::matches)), and [`judge`] puts that together.

mod acl;
mod any_of;
mod builder;
mod check;
mod compiled;
mod condition;
mod decision;
mod error;
mod explain;
mod facts;
mod filter;
mod glob;
mod judge;
mod name_set;
mod point;
mod rewrite;
mod rule;
#[expect(clippy::module_inception, reason = "named after its type")]
mod rules;
mod shadow;
mod shown;
mod status;
mod truth;

#[cfg(test)]
mod tests;

pub use self::{
    acl::Acl,
    any_of::AnyOf,
    builder::RulesBuilder,
    condition::{Condition, Destination},
    decision::Decision,
    error::RuleError,
    explain::{AskedRule, Explanation, Question},
    glob::Glob,
    name_set::NameSet,
    point::Point,
    rewrite::{Rewrite, RewriteError},
    rule::Rule,
    rules::Rules,
    shadow::Difference,
    status::{RuleStatus, RuleWarning},
};

#[cfg(feature = "toml")]
pub(crate) use self::{error::Place, rule::Ruling};

#![doc = include_str!("../README.md")]

mod allow_all;
mod embedded;
mod nat64_prefix;
mod own;
mod policy;
mod refusal;
#[cfg(feature = "toml")]
mod rule_file;
mod rules;
mod safe_default;
mod set;
mod special_purpose;

#[cfg(test)]
mod tests;

#[cfg(feature = "toml")]
pub use self::rule_file::RuleFile;
pub use self::{
    allow_all::AllowAll,
    nat64_prefix::{Nat64Prefix, PrefixLengthError},
    refusal::Refusal,
    rules::{
        Acl, AnyOf, AskedRule, Condition, Decision, Destination, Difference, Explanation, Glob,
        NameSet, Point, Question, Rewrite, RewriteError, Rule, RuleError, RuleStatus, RuleWarning,
        Rules, RulesBuilder,
    },
    safe_default::SafeDefault,
    set::{
        DomainPattern, DomainSet, EntryError, EntryFile, FileError, Network, NetworkSet, PortRange,
        PortSet, TimeWindow, TimeWindows,
    },
    special_purpose::SpecialPurpose,
};

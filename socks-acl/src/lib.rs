#![doc = include_str!("../README.md")]

mod allow_all;
mod embedded;
mod nat64_prefix;
mod own;
mod policy;
mod refusal;
mod safe_default;
mod set;
mod special_purpose;

#[cfg(test)]
mod tests;

pub use self::{
    allow_all::AllowAll,
    nat64_prefix::{Nat64Prefix, PrefixLengthError},
    refusal::Refusal,
    safe_default::SafeDefault,
    set::{
        DomainPattern, DomainSet, EntryError, EntryFile, FileError, Network, NetworkSet, PortRange,
        PortSet, TimeWindow, TimeWindows,
    },
    special_purpose::SpecialPurpose,
};

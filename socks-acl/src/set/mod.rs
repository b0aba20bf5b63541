//! Sets that conditions of rules are made of: networks, names, ports and times, and files of them.

mod domain_pattern;
mod domain_set;
mod entry_error;
mod entry_file;
mod file_error;
mod glob;
mod glob_list;
mod name_list;
mod network;
mod network_set;
mod normal_name;
mod port_range;
mod port_set;
mod ranges;
mod time_window;
mod time_windows;

#[cfg(test)]
mod tests;

pub(crate) use self::glob::matches as glob_matches;
pub use self::{
    domain_pattern::DomainPattern, domain_set::DomainSet, entry_error::EntryError,
    entry_file::EntryFile, file_error::FileError, network::Network, network_set::NetworkSet,
    port_range::PortRange, port_set::PortSet, time_window::TimeWindow, time_windows::TimeWindows,
};

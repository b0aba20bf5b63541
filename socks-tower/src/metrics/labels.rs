use metrics::SharedString;
use socks_core::{Command, message::Version};

use crate::SessionReport;

pub(super) const NONE: &str = "none";

pub(super) fn command(command: Option<Command>) -> &'static str {
    match command {
        None => NONE,
        Some(Command::UdpAssociate) => "udp_associate",
        Some(command) => command.name(),
    }
}

pub(super) fn version(version: Option<Version>) -> &'static str {
    match version {
        None => NONE,
        Some(Version::Socks4) => "socks4",
        Some(Version::Socks5) => "socks5",
    }
}

/// The method that let the client in.
pub(super) fn method(report: &SessionReport) -> SharedString {
    match &report.identity {
        None => NONE.into(),
        Some(identity) => identity.method.to_string().into(),
    }
}

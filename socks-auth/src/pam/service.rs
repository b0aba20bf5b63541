use std::path::Path;

use super::error::{Kind, PamError};

/// Where Linux-PAM and its distributions keep services.
const FOLDERS: [&str; 4] = [
    "/etc/pam.d",
    "/usr/lib/pam.d",
    "/usr/share/pam.d",
    "/usr/etc/pam.d",
];
/// Read where there is no folder: all services in one file.
const FILE: &str = "/etc/pam.conf";

/// For a service that it does not find PAM takes `other`, which on some systems lets every local
/// user in. So a misspelt name is an error here.
pub(super) fn check(service: &str) -> Result<(), PamError> {
    let plain = |octet: u8| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_' | b'.');
    if service.is_empty() || service.starts_with('.') || !service.bytes().all(plain) {
        return Err(Kind::ServiceName.into());
    }
    // PAM looks for it in small letters.
    let file = service.to_ascii_lowercase();
    let found = FOLDERS
        .iter()
        .any(|folder| Path::new(folder).join(&file).is_file());
    let folder = Path::new("/etc/pam.d").is_dir();
    match found || (!folder && Path::new(FILE).is_file()) {
        true => Ok(()),
        false => Err(Kind::NoService.into()),
    }
}

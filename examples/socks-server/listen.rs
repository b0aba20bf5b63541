//! Opens the listeners.

use std::{error::Error, io, net::SocketAddr, path::Path};

use socks_core::message::Endpoint;
use tracing::warn;

use crate::{settings::Settings, value::Listen};

#[cfg(unix)]
pub type UnixListeners = Vec<tokio::net::UnixListener>;

impl Settings {
    /// The TCP addresses to listen on.
    pub fn tcp(&self) -> impl Iterator<Item = SocketAddr> {
        self.listen.iter().filter_map(|listen| match listen {
            Listen::Tcp(addr) => Some(*addr),
            Listen::Unix(_) => None,
        })
    }

    /// The unix sockets to listen on.
    pub fn unix(&self) -> impl Iterator<Item = &Path> {
        self.listen.iter().filter_map(|listen| match listen {
            Listen::Tcp(_) => None,
            Listen::Unix(path) => Some(path.as_path()),
        })
    }
}

/// Says that everything is ready, and warns about what others can read or use (`UP-18`, `SE-2`,
/// `SE-35`).
pub fn announce(settings: &Settings, endpoints: impl IntoIterator<Item = Endpoint>) {
    for endpoint in endpoints {
        eprintln!("listening on {endpoint}");
        if endpoint.is_local() {
            continue;
        }
        match settings.users.is_empty() {
            true => warn!(listener = %endpoint, "no authentication: whoever reaches it may use it"),
            false => warn!(listener = %endpoint, "passwords cross the network in the clear"),
        }
    }
}

/// Opens the unix sockets. A socket that a server left behind is replaced.
#[cfg(unix)]
pub fn bind_unix(settings: &Settings) -> Result<UnixListeners, Box<dyn Error>> {
    settings.unix().map(|path| Ok(bind_path(path).map_err(named(path.display()))?)).collect()
}

#[cfg(unix)]
fn bind_path(path: &Path) -> io::Result<tokio::net::UnixListener> {
    use std::os::unix::{fs::FileTypeExt, net::UnixStream};

    match tokio::net::UnixListener::bind(path) {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
            // A file of another kind refuses connections too and is not ours to remove.
            let socket = std::fs::symlink_metadata(path)?.file_type().is_socket();
            match UnixStream::connect(path) {
                Err(refused) if socket && refused.kind() == io::ErrorKind::ConnectionRefused => {
                    std::fs::remove_file(path)?;
                    tokio::net::UnixListener::bind(path)
                }
                _ => Err(error),
            }
        }
        bound => bound,
    }
}

/// Removes the unix sockets at the end.
pub fn remove_unix(settings: &Settings) {
    for path in settings.unix() {
        if let Err(error) = std::fs::remove_file(path) {
            warn!(path = %path.display(), %error, "socket not removed");
        }
    }
}

/// Puts the address before the message of an error.
pub fn named(addr: impl std::fmt::Display) -> impl FnOnce(io::Error) -> String {
    move |error| format!("{addr}: {error}")
}

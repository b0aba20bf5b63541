//! Opens the listeners.

use std::{
    error::Error,
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use socks_core::message::Endpoint;
use tracing::warn;

use crate::{settings::Settings, value::Listen};

#[cfg(unix)]
pub type UnixListeners = Vec<tokio::net::UnixListener>;
/// Always empty: a flag or a key that asks for a unix socket is an error.
#[cfg(not(unix))]
pub type UnixListeners = Vec<tokio::net::TcpListener>;

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
pub fn bind_unix(settings: &Settings) -> Result<(UnixListeners, Sockets), Box<dyn Error>> {
    let (mut listeners, mut sockets) = (Vec::new(), Sockets(Vec::new()));
    for path in settings.unix() {
        listeners.push(bind_path(path).map_err(named(path.display()))?);
        sockets.0.push(path.to_owned());
    }
    Ok((listeners, sockets))
}

#[cfg(not(unix))]
pub fn bind_unix(_: &Settings) -> Result<(UnixListeners, Sockets), Box<dyn Error>> {
    Ok(Default::default())
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

/// The unix sockets that were made, and only those: they are removed when this is dropped.
#[derive(Default)]
pub struct Sockets(Vec<PathBuf>);

impl Sockets {
    /// Removes them with the signal and not after the drain, when a next server may have put its
    /// own in their place.
    pub async fn until(self, signal: impl Future<Output = ()>) {
        signal.await;
        drop(self);
    }
}

impl Drop for Sockets {
    fn drop(&mut self) {
        for path in &self.0 {
            if let Err(error) = std::fs::remove_file(path) {
                warn!(path = %path.display(), %error, "socket not removed");
            }
        }
    }
}

/// Puts the address before the message of an error.
pub fn named(addr: impl std::fmt::Display) -> impl FnOnce(io::Error) -> String {
    move |error| format!("{addr}: {error}")
}

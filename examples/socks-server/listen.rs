//! Opens the listeners.

use std::{
    error::Error,
    fmt, io,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

use ipnet::IpNet;
use socks_core::message::Endpoint;
use socks_tower::{ListenerExt, NamedListener, ProxyProtocolLayer};
use tracing::warn;

use crate::{config, settings::Settings, value::Listen};

#[cfg(unix)]
pub type UnixListeners = Vec<NamedListener<tokio::net::UnixListener>>;
/// Always empty: a flag or a key that asks for a unix socket is an error.
#[cfg(not(unix))]
pub type UnixListeners = Vec<NamedListener<tokio::net::TcpListener>>;

/// Where to listen, and what rules and logs call it: its address unless the file names it.
#[derive(Clone, Debug)]
pub struct Listening {
    pub at: Listen,
    pub name: Arc<str>,
}

impl From<Listen> for Listening {
    fn from(at: Listen) -> Self {
        let name = at.to_string().into();
        Self { at, name }
    }
}

impl fmt::Display for Listening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.at.to_string();
        match *at == *self.name {
            true => f.write_str(&at),
            false => write!(f, "{at} ({})", self.name),
        }
    }
}

/// From whom a PROXY header is expected, by listener (`SE-63`).
#[derive(Clone, Debug, Default)]
pub struct ProxyProtocol(Arc<[(Arc<str>, Vec<IpNet>)]>);

impl ProxyProtocol {
    pub fn new(listen: &[Listening], listeners: &[config::Listener]) -> Self {
        let named = listeners.iter().filter_map(|listener| {
            let name = listener.name();
            let networks = listener.proxy_protocol.clone()?;
            let used = listen.iter().any(|listening| *listening.name == *name);
            used.then(|| (name.into(), networks))
        });
        Self(named.collect())
    }

    /// The layer, if a header is expected from anybody.
    pub fn layer(&self) -> Option<ProxyProtocolLayer> {
        let Self(by_listener) = self.clone();
        (!by_listener.is_empty()).then(|| {
            ProxyProtocolLayer::new(move |peer, listener| {
                let networks = by_listener
                    .iter()
                    .find(|(name, _)| Some(&**name) == listener)
                    .map_or(&[][..], |(_, networks)| networks);
                match peer.ip() {
                    Some(ip) => networks.iter().any(|network| network.contains(&ip)),
                    // On a unix socket there is nobody to tell apart by an address.
                    None => !networks.is_empty(),
                }
            })
        })
    }
}

impl fmt::Display for ProxyProtocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("nobody");
        }
        let mut first = true;
        for (listener, networks) in self.0.iter() {
            let start = if first { "" } else { "; " };
            first = false;
            let networks: Vec<_> = networks.iter().map(IpNet::to_string).collect();
            write!(f, "{start}{} at {listener}", networks.join(", "))?;
        }
        Ok(())
    }
}

impl Settings {
    /// The TCP addresses to listen on, with their names.
    pub fn tcp(&self) -> impl Iterator<Item = (SocketAddr, &Arc<str>)> {
        self.listen
            .iter()
            .filter_map(|listening| match listening.at {
                Listen::Tcp(addr) => Some((addr, &listening.name)),
                Listen::Unix(_) => None,
            })
    }

    /// The unix sockets to listen on, with their names.
    #[cfg_attr(not(unix), expect(dead_code))]
    pub fn unix(&self) -> impl Iterator<Item = (&Path, &Arc<str>)> {
        self.listen
            .iter()
            .filter_map(|listening| match &listening.at {
                Listen::Tcp(_) => None,
                Listen::Unix(path) => Some((path.as_path(), &listening.name)),
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
        if settings.auth.lets_anybody_in() {
            warn!(listener = %endpoint, "no authentication: whoever reaches it may use it");
        }
        if settings.auth.takes_passwords() {
            warn!(listener = %endpoint, "passwords cross the network in the clear");
        }
    }
}

/// Opens the unix sockets. A socket that a server left behind is replaced.
#[cfg(unix)]
pub fn bind_unix(settings: &Settings) -> Result<(UnixListeners, Sockets), Box<dyn Error>> {
    let (mut listeners, mut sockets) = (Vec::new(), Sockets(Vec::new()));
    for (path, name) in settings.unix() {
        let listener = bind_path(path, |path| tokio::net::UnixListener::bind(path));
        let listener = listener.map_err(named(path.display()))?;
        listeners.push(listener.named(Arc::clone(name)));
        sockets.0.push(path.to_owned());
    }
    Ok((listeners, sockets))
}

#[cfg(not(unix))]
pub fn bind_unix(_: &Settings) -> Result<(UnixListeners, Sockets), Box<dyn Error>> {
    Ok(Default::default())
}

/// `bind`s a path, after a server that left its socket there.
#[cfg(unix)]
pub fn bind_path<T>(path: &Path, bind: impl Fn(&Path) -> io::Result<T>) -> io::Result<T> {
    use std::os::unix::{fs::FileTypeExt, net::UnixStream};

    match bind(path) {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
            // A file of another kind refuses connections too and is not ours to remove.
            let socket = std::fs::symlink_metadata(path)?.file_type().is_socket();
            match UnixStream::connect(path) {
                Err(refused) if socket && refused.kind() == io::ErrorKind::ConnectionRefused => {
                    std::fs::remove_file(path)?;
                    bind(path)
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

#[cfg(feature = "admin")]
impl From<PathBuf> for Sockets {
    fn from(path: PathBuf) -> Self {
        Self(vec![path])
    }
}

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

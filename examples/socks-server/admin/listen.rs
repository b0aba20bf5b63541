//! Opens the admin address, for a runtime that is not there yet.

use std::{io, net::TcpListener, path::Path};

use socks_core::message::Endpoint;

use crate::{
    listen::{Sockets, named},
    value::Listen,
};

/// An open listener.
pub enum Open {
    Tcp(TcpListener),
    #[cfg(unix)]
    Unix(std::os::unix::net::UnixListener),
}

impl Open {
    pub fn bind(at: &Listen) -> Result<(Self, Endpoint, Sockets), String> {
        let open = match at {
            Listen::Tcp(addr) => TcpListener::bind(addr).and_then(|listener| {
                listener.set_nonblocking(true)?;
                let endpoint = Endpoint::from(listener.local_addr()?);
                Ok((Self::Tcp(listener), endpoint, Sockets::default()))
            }),
            Listen::Unix(path) => unix(path),
        };
        open.map_err(named(at))
    }
}

#[cfg(unix)]
fn unix(path: &Path) -> io::Result<(Open, Endpoint, Sockets)> {
    let listener = crate::listen::bind_path(path, private)?;
    let endpoint = Endpoint::Unix(Some(path.to_string_lossy().into()));
    Ok((
        Open::Unix(listener),
        endpoint,
        Sockets::from(path.to_owned()),
    ))
}

/// A socket that its owner alone can connect to (and root). Nobody can before that is so: there is no listening yet.
#[cfg(unix)]
fn private(path: &Path) -> io::Result<std::os::unix::net::UnixListener> {
    use std::{fs, os::unix::fs::PermissionsExt};

    use socket2::{Domain, SockAddr, Socket, Type};

    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.bind(&SockAddr::unix(path)?)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
    socket.listen(128)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

#[cfg(not(unix))]
fn unix(_: &Path) -> io::Result<(Open, Endpoint, Sockets)> {
    Err(io::ErrorKind::Unsupported.into())
}

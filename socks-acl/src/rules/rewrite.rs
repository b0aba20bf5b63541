use std::{fmt, net::IpAddr, str::FromStr};

use socks_core::{Address, Domain, Host};

/// Where a request goes in place of its destination: another host, another port, or both.
///
/// ```
/// use socks_acl::Rewrite;
/// use socks_core::Address;
///
/// let asked = Address::domain("old.example.com", 80)?;
/// for (text, goes) in [
///     ("new.example.com:8080", Address::domain("new.example.com", 8080)?),
///     ("new.example.com", Address::domain("new.example.com", 80)?),
///     ("[2001:db8::1]:8080", Address::Socket("[2001:db8::1]:8080".parse()?)),
///     (":8080", Address::domain("old.example.com", 8080)?),
/// ] {
///     assert_eq!(text.parse::<Rewrite>()?.apply(&asked), goes);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Rewrite {
    host: Option<Host>,
    port: Option<u16>,
}

impl Rewrite {
    /// The destination in place of `asked`.
    pub fn apply(&self, asked: &Address) -> Address {
        let port = self.port.unwrap_or(asked.port());
        match (&self.host, asked) {
            (Some(Host::Ip(ip)), _) => Address::Socket((*ip, port).into()),
            (Some(Host::Domain(name)), _) => Address::Domain(name.clone(), port),
            (None, Address::Socket(addr)) => Address::Socket((addr.ip(), port).into()),
            (None, Address::Domain(name, _)) => Address::Domain(name.clone(), port),
        }
    }
}

impl From<Address> for Rewrite {
    fn from(address: Address) -> Self {
        let port = Some(address.port());
        let host = match address {
            Address::Socket(addr) => Host::Ip(addr.ip().to_canonical()),
            // A name that is none stays one that nothing resolves.
            Address::Domain(name, _) => name.canonical().unwrap_or(Host::Domain(name)),
        };
        let host = Some(host);
        Self { host, port }
    }
}

impl FromStr for Rewrite {
    type Err = RewriteError;

    /// # Errors
    ///
    /// If `text` is not `HOST`, `HOST:PORT` or `:PORT`, with an IPv6 address in brackets where a port
    /// follows, or the port is 0.
    fn from_str(text: &str) -> Result<Self, RewriteError> {
        let (host, port) = match text.parse::<IpAddr>() {
            Ok(_) => (text, None),
            Err(_) => match text.rsplit_once(':') {
                Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
                _ => (text, None),
            },
        };
        let number = |text: &str| text.parse::<u16>().ok().filter(|port| *port > 0);
        let port = match port {
            Some(port) => Some(number(port).ok_or(RewriteError)?),
            None => None,
        };
        let host = match host {
            "" => None,
            host => {
                let name = Domain::new(host.as_bytes()).map_err(|_| RewriteError)?;
                Some(name.canonical().map_err(|_| RewriteError)?)
            }
        };
        match host.is_none() && port.is_none() {
            true => Err(RewriteError),
            false => Ok(Self { host, port }),
        }
    }
}

impl fmt::Display for Rewrite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            Some(Host::Ip(IpAddr::V6(ip))) => write!(f, "[{ip}]")?,
            Some(Host::Ip(ip)) => ip.fmt(f)?,
            Some(Host::Domain(name)) => name.fmt(f)?,
            None => {}
        }
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

/// A text does not say where a request goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RewriteError;

impl fmt::Display for RewriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected HOST:PORT, HOST or :PORT")
    }
}

impl std::error::Error for RewriteError {}

use std::{fmt::Write as _, net::IpAddr, sync::Arc};

use socks_core::{
    UserName,
    message::{AcceptRequest, AccessRequest, Endpoint, SessionId},
};

use super::Per;

/// Whose session it is, as far as limits ask.
#[derive(Clone, Debug)]
pub(super) struct Subject {
    pub(super) session: SessionId,
    listener: Option<Arc<str>>,
    peer: Endpoint,
    /// `None` before anybody knows.
    pub(super) known: Option<Known>,
}

#[derive(Clone, Debug)]
pub(super) struct Known {
    user: Option<UserName>,
    groups: Vec<Arc<str>>,
}

/// Of whom a limit counts the sessions together.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Key {
    Server,
    Listener(Option<Arc<str>>),
    Network(Network),
    User(UserName),
    /// A client without a user.
    Anonymous(Network),
    Group(Arc<str>),
    Session(SessionId),
    /// One of the places for those who come when there are too many.
    Shared(u8),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Network {
    V4(u32),
    V6(u128),
    Unix,
    Unnamed,
}

impl From<&AcceptRequest> for Subject {
    fn from(request: &AcceptRequest) -> Self {
        Self {
            session: request.id,
            listener: request.listener.clone(),
            peer: request.peer.clone(),
            known: None,
        }
    }
}

impl From<&AccessRequest> for Subject {
    fn from(request: &AccessRequest) -> Self {
        let (conn, identity) = (&request.conn, &request.identity);
        let mut groups = identity.groups.clone();
        groups.sort_unstable();
        groups.dedup();
        Self {
            session: conn.id,
            listener: conn.listener.clone(),
            peer: conn.peer.clone(),
            known: Some(Known {
                user: identity.user.clone(),
                groups,
            }),
        }
    }
}

impl Subject {
    /// Whom it counts with; several where it is in several groups.
    pub(super) fn keys(&self, per: Per) -> Vec<Key> {
        let network = |v4, v6| Network::of(&self.peer, v4, v6);
        match (per, &self.known) {
            (Per::Server, _) => vec![Key::Server],
            (Per::Listener, _) => vec![Key::Listener(self.listener.clone())],
            (Per::Network { v4, v6 }, _) => vec![Key::Network(network(v4, v6))],
            (Per::User, Some(known)) => vec![match &known.user {
                Some(user) => Key::User(user.clone()),
                None => Key::Anonymous(network(32, 64)),
            }],
            (Per::Group, Some(known)) => known.groups.iter().cloned().map(Key::Group).collect(),
            (Per::Session, Some(_)) => vec![Key::Session(self.session)],
            (Per::User | Per::Group | Per::Session, None) => Vec::new(),
        }
    }
}

impl Network {
    fn of(peer: &Endpoint, v4: u8, v6: u8) -> Self {
        match peer.ip().map(|ip| ip.to_canonical()) {
            Some(IpAddr::V4(ip)) => {
                let host = 32_u32.saturating_sub(v4.into());
                Self::V4(ip.to_bits() & u32::MAX.checked_shl(host).unwrap_or(0))
            }
            Some(IpAddr::V6(ip)) => {
                let host = 128_u32.saturating_sub(v6.into());
                Self::V6(ip.to_bits() & u128::MAX.checked_shl(host).unwrap_or(0))
            }
            None if matches!(peer, Endpoint::Unix(_)) => Self::Unix,
            None => Self::Unnamed,
        }
    }

    fn to_text(self) -> String {
        match self {
            Self::V4(bits) => IpAddr::V4(bits.into()).to_string(),
            Self::V6(bits) => IpAddr::V6(bits.into()).to_string(),
            Self::Unix => "unix".into(),
            Self::Unnamed => "unnamed".into(),
        }
    }
}

impl Key {
    /// A text that no other key has, on one line: under this its usage is kept.
    pub(super) fn to_text(&self) -> String {
        match self {
            Self::Server => "server".into(),
            Self::Listener(None) => "listener".into(),
            Self::Listener(Some(name)) => format!("listener={}", printable(name.as_bytes())),
            Self::Network(network) => format!("network={}", network.to_text()),
            Self::User(user) => format!("user={}", printable(user.as_bytes())),
            Self::Anonymous(network) => format!("anonymous={}", network.to_text()),
            Self::Group(group) => format!("group={}", printable(group.as_bytes())),
            Self::Session(id) => format!("session={id}"),
            Self::Shared(place) => format!("shared={place}"),
        }
    }
}

/// Octets other than those of plain text as `%XX`, as in a URL.
fn printable(octets: &[u8]) -> String {
    let mut text = String::with_capacity(octets.len());
    for octet in octets {
        match octet {
            b'!'..=b'~' if *octet != b'%' => text.push(char::from(*octet)),
            _ => {
                let _ = write!(text, "%{octet:02X}");
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::*;

    fn network(addr: &str, v4: u8, v6: u8) -> String {
        let addr: SocketAddr = addr.parse().unwrap();
        Network::of(&Endpoint::Socket(addr), v4, v6).to_text()
    }

    /// SE-9: a mapped address is the IPv4 address that it stands for.
    #[test]
    fn networks() {
        assert_eq!(network("192.0.2.77:1", 32, 64), "192.0.2.77");
        assert_eq!(network("192.0.2.77:1", 24, 64), "192.0.2.0");
        assert_eq!(network("192.0.2.77:1", 0, 64), "0.0.0.0");
        assert_eq!(network("192.0.2.77:1", 99, 64), "192.0.2.77");
        assert_eq!(network("[::ffff:192.0.2.77]:1", 24, 64), "192.0.2.0");
        assert_eq!(network("[2001:db8:1:2:3::4]:1", 32, 64), "2001:db8:1:2::");
        assert_eq!(network("[2001:db8:1:2:3::4]:1", 32, 48), "2001:db8:1::");
        assert_eq!(network("[2001:db8:1:2:3::4]:1", 32, 0), "::");
        assert_eq!(
            network("[2001:db8:1:2:3::4]:1", 32, 128),
            "2001:db8:1:2:3::4"
        );
    }

    /// SE-38: whatever a name is made of, its text is one line, and no other name's.
    #[test]
    fn texts() {
        let user = |octets: &[u8]| Key::User(UserName::from(octets)).to_text();
        assert_eq!(user(b"alice"), "user=alice");
        assert_eq!(user(b"a b\n\xff%"), "user=a%20b%0A%FF%25");
        assert_ne!(user(b"%41"), user(b"A"));
        assert_eq!(Key::Listener(Some("".into())).to_text(), "listener=");
        assert_eq!(Key::Listener(None).to_text(), "listener");
    }
}

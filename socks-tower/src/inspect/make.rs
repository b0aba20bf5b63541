use std::{net::SocketAddr, sync::Arc};

use socks_core::{
    Address, Command,
    message::{AccessPoint, AccessRequest, Associate, ConnInfo, Identity, Permit},
};

use super::Inspector;
use crate::Tunnel;

/// Makes the inspector of one tunnel or association; `None` for none. A closure will do.
pub trait MakeInspector: Send + Sync + 'static {
    /// The inspector for this one.
    fn make(&self, subject: &Subject<'_>) -> Option<Box<dyn Inspector>>;
}

impl<F> MakeInspector for F
where
    F: Fn(&Subject<'_>) -> Option<Box<dyn Inspector>> + Send + Sync + 'static,
{
    fn make(&self, subject: &Subject<'_>) -> Option<Box<dyn Inspector>> {
        self(subject)
    }
}

/// Whose octets or datagrams are about to be relayed.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Subject<'a> {
    /// The client's connection.
    pub conn: &'a Arc<ConnInfo>,
    /// Who the client is.
    pub identity: &'a Arc<Identity>,
    /// What it asked for; datagrams are those of UDP ASSOCIATE.
    pub command: Command,
    /// Where the tunnel leads. Of an association where the client says it sends from.
    pub destination: &'a Address,
    /// The other end of the tunnel, if that is known.
    pub remote: Option<SocketAddr>,
    /// The access controller's conditions.
    pub permit: &'a Permit,
}

impl Subject<'_> {
    /// Asks whether the client may reach `destination`, which what passes has named (`SE-1`).
    pub fn question(&self, destination: Address) -> AccessRequest {
        let (conn, identity) = (Arc::clone(self.conn), Arc::clone(self.identity));
        AccessRequest::new(conn, identity, self.command, destination).at(AccessPoint::Inspection)
    }
}

impl<'a, C, T> From<&'a Tunnel<C, T>> for Subject<'a> {
    fn from(tunnel: &'a Tunnel<C, T>) -> Self {
        Self {
            conn: &tunnel.conn,
            identity: &tunnel.identity,
            command: tunnel.command,
            destination: &tunnel.destination,
            remote: tunnel.remote,
            permit: &tunnel.permit,
        }
    }
}

impl<'a> From<&'a Associate> for Subject<'a> {
    fn from(associate: &'a Associate) -> Self {
        Self {
            conn: &associate.conn,
            identity: &associate.identity,
            command: Command::UdpAssociate,
            destination: &associate.destination,
            remote: None,
            permit: &associate.permit,
        }
    }
}

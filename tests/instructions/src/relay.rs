use std::{net::SocketAddr, sync::Arc};

use socks_core::{
    Address,
    message::{ConnInfo, Endpoint, Identity, SessionId, Version},
};
use socks_tower::{AdaptiveRelay, RelayEnd, Tunnel};
use tower::ServiceExt;

use crate::stream::{Messages, Scripted};

/// One tunnel, through which the target sends `times` messages.
pub(crate) async fn messages(times: usize, octets: usize) {
    let conn = ConnInfo::new(
        SessionId(1),
        Version::Socks5,
        Endpoint::Unnamed,
        Endpoint::Unnamed,
    );
    let destination = SocketAddr::from(([192, 0, 2, 1], 80));
    let tunnel = Tunnel::new(
        Scripted::new(&[]),
        Messages::new(times, octets),
        Arc::new(conn),
        Arc::new(Identity::anonymous()),
        Address::Socket(destination),
    );
    let traffic = Arc::clone(&tunnel.traffic);
    let end = AdaptiveRelay::new().oneshot(tunnel).await;
    assert_eq!(end.expect("nothing breaks"), RelayEnd::Closed);
    assert_eq!(traffic.received(), (times * octets) as u64);
}

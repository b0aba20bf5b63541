mod ends;
mod judged;
mod listed;

use std::{convert::Infallible, sync::Arc, time::Duration};

use socks_core::message::SessionId;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tower_layer::Layer;
use tower_service::Service;

use super::*;
use crate::{
    Incoming, SessionReport,
    testing::{Client, Socks, settle},
};

/// The server, with its sessions listed.
fn listed(
    socks: &Socks,
) -> (
    Sessions,
    impl Service<Incoming<DuplexStream>, Response = SessionReport, Error = Infallible, Future: Send>
    + Clone
    + Send
    + use<>,
) {
    let sessions = Sessions::new();
    let service = sessions.layer().layer(socks.service.clone());
    (sessions, service)
}

fn only(sessions: &Sessions) -> Arc<Live> {
    let mut all = sessions.list();
    assert_eq!(all.len(), 1, "{all:?}");
    all.remove(0)
}

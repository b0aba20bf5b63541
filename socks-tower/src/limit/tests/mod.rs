//! Limits as a layer, and sessions that draw from them, under paused time.

mod bandwidth;
mod layer;
mod replace;
mod usage;
mod volumes;

use std::{
    net::SocketAddr,
    num::NonZeroU64,
    sync::Arc,
    time::{Duration, SystemTime},
};

use socks_acl::AllowAll;
use socks_core::{
    Address, Command, Method,
    message::{
        AcceptRequest, AccessRequest, ConnInfo, Denial, Endpoint, Extensions, Identity, Permit,
        SessionId, Verdict, Version,
    },
};
use tower::ServiceExt;
use tower_layer::Layer;

use super::*;

pub(super) const MIB: u64 = 1 << 20;

pub(super) fn rate(octets: u64) -> Rate {
    Rate::per_second(NonZeroU64::new(octets).unwrap())
}

/// Who asks.
#[derive(Clone, Debug)]
pub(super) struct Client {
    pub(super) id: u64,
    pub(super) addr: &'static str,
    pub(super) user: Option<&'static str>,
    pub(super) groups: &'static [&'static str],
    pub(super) extensions: Extensions,
}

pub(super) fn client(id: u64) -> Client {
    Client {
        id,
        addr: "192.0.2.1:1000",
        user: None,
        groups: &[],
        extensions: Extensions::new(),
    }
}

impl Client {
    pub(super) fn at(mut self, addr: &'static str) -> Self {
        self.addr = addr;
        self
    }

    pub(super) fn user(mut self, user: &'static str) -> Self {
        self.user = Some(user);
        self
    }

    pub(super) fn groups(mut self, groups: &'static [&'static str]) -> Self {
        self.groups = groups;
        self
    }

    fn peer(&self) -> Endpoint {
        self.addr.parse::<SocketAddr>().unwrap().into()
    }

    pub(super) fn accept(&self) -> AcceptRequest {
        let mut request = AcceptRequest::new(SessionId(self.id), self.peer(), Endpoint::Unnamed);
        request.listener = Some("main".into());
        request
    }

    pub(super) fn request(&self) -> AccessRequest {
        let id = SessionId(self.id);
        let mut conn = ConnInfo::new(id, Version::Socks5, self.peer(), Endpoint::Unnamed);
        conn.listener = Some("main".into());
        conn.extensions = self.extensions.clone();
        let mut identity = match self.user {
            Some(user) => Identity::user(user, Method::USERNAME_PASSWORD),
            None => Identity::anonymous(),
        };
        for group in self.groups {
            identity = identity.group(*group);
        }
        let target: SocketAddr = "198.51.100.1:80".parse().unwrap();
        let (conn, identity) = (Arc::new(conn), Arc::new(identity));
        AccessRequest::new(conn, identity, Command::Connect, Address::Socket(target))
    }
}

/// Asks an access controller that allows everything, behind the limits.
pub(super) async fn ask(limits: &Limits, client: &Client) -> Result<Permit, Denial> {
    let access = limits.layer().layer(AllowAll::new());
    answer(access.oneshot(client.request()).await.unwrap())
}

pub(super) fn answer(verdict: Verdict) -> Result<Permit, Denial> {
    match verdict {
        Verdict::Allow(permit) => Ok(permit),
        Verdict::Deny(denial) => Err(denial),
    }
}

pub(super) fn meter(permit: &Permit) -> Meter {
    permit.extensions.get::<Meter>().cloned().unwrap()
}

/// Noon of the first of January 2026, a Thursday, and so many seconds later by tokio's clock.
pub(super) fn clock() -> impl Fn() -> SystemTime + Send + Sync + 'static {
    let start = tokio::time::Instant::now();
    move || SystemTime::UNIX_EPOCH + Duration::from_secs(1_767_268_800) + start.elapsed()
}

pub(super) async fn later(seconds: u64) {
    tokio::time::advance(Duration::from_secs(seconds)).await;
}

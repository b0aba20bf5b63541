//! How it is done wrong, to show that these tests would notice.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use socks_core::{
    Address, Domain,
    message::{AccessRequest, AddressFilter, Connect, Permit, Verdict},
};
use socks_tower::{AccessController, BoxError, Connected, Connector, HickoryResolver, Name};
use tokio::net::TcpStream;
use tower::{ServiceExt, service_fn};

/// Judges what a name resolves to, and then connects to the name.
pub(super) fn connector(resolver: HickoryResolver) -> impl Connector<TcpStream> {
    service_fn(move |connect: Connect| {
        let resolver = resolver.clone();
        async move {
            let Address::Domain(name, port) = &connect.destination else {
                return Err("not a name".into());
            };
            let resolve = || resolver.clone().oneshot(Name::new(name.clone()));
            let judged = resolve().await?;
            let permits = |ip| connect.permit.permits(SocketAddr::new(ip, *port));
            if !judged.as_slice().iter().copied().any(permits) {
                return Err(BoxError::from("not permitted"));
            }
            let dialled = resolve().await?;
            let to = SocketAddr::new(dialled.as_slice()[0], *port);
            let stream = TcpStream::connect(to).await?;
            let bound = stream.local_addr()?;
            Ok(Connected::new(stream, bound).remote(to))
        }
    })
}

/// Judges the first address of each name, for good.
#[derive(Clone, Default)]
struct Once {
    verdicts: Arc<Mutex<HashMap<Domain, bool>>>,
}

impl AddressFilter for Once {
    fn permits(&self, addr: SocketAddr) -> bool {
        addr.ip() == super::public()
    }

    fn permits_for(&self, requested: &Address, addr: SocketAddr) -> bool {
        let Address::Domain(name, _) = requested else {
            return self.permits(addr);
        };
        let mut verdicts = self.verdicts.lock().unwrap();
        *verdicts.entry(name.clone()).or_insert(self.permits(addr))
    }
}

pub(super) fn access() -> impl AccessController {
    let once = Once::default();
    service_fn(move |_: AccessRequest| {
        let permit = Permit::new().filter(once.clone());
        async move { Ok::<_, BoxError>(Verdict::Allow(permit)) }
    })
}

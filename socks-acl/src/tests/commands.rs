use std::{net::SocketAddr, sync::Arc};

use socks_core::{
    Command, ReplyCode,
    message::{AccessPoint, AccessRequest, ConnInfo, Endpoint, Identity, SessionId, Version},
};

use super::{LOCAL, PUBLIC, address, connect, request};
use crate::{Refusal, SafeDefault, SpecialPurpose};

fn check(access: &SafeDefault, command: Command, destination: &str) -> Result<(), Refusal> {
    let question = request(PUBLIC, command, address(destination));
    access.check(&question).map(drop)
}

/// SE-12, SE-4: a name passes, and each address that it resolves to is judged by itself.
#[test]
fn names_are_judged_when_they_have_resolved() {
    for command in [Command::Connect, Command::Resolve] {
        let question = request(PUBLIC, command, address("rebind.example:80"));
        let permit = SafeDefault::new().check(&question).unwrap();
        let permits = |addr: &str| permit.permits(addr.parse().unwrap());
        assert!(permits("8.8.8.8:80"));
        assert!(permits("[2606:4700::1111]:80"));
        for addr in [
            "127.0.0.1:80",
            "10.0.0.1:80",
            "[::ffff:127.0.0.1]:80",
            "[fe80::1]:80",
        ] {
            assert!(!permits(addr), "{addr}");
        }
    }
}

/// SE-12: a literal carries the filter too, for what a later phase might make of it.
#[test]
fn a_literal_is_filtered_as_well() {
    let permit = connect(&SafeDefault::new(), PUBLIC, "8.8.8.8:80").unwrap();
    assert!(!permit.permits("10.0.0.1:80".parse().unwrap()));
}

/// SE-5, SE-41: localhost is refused as a name, on label boundaries, whatever its case.
#[test]
fn localhost_is_refused_by_name() {
    let access = SafeDefault::new();
    for name in [
        "localhost:80",
        "a.b.localhost:80",
        "LocalHost:80",
        "localhost.:80",
    ] {
        let refused = connect(&access, PUBLIC, name).unwrap_err();
        assert_eq!(refused, Refusal::LocalName, "{name}");
        assert!(connect(&access, LOCAL, name).is_ok(), "{name}");
    }
    for name in ["notlocalhost:80", "localhost.example:80"] {
        assert!(connect(&access, PUBLIC, name).is_ok(), "{name}");
    }
}

/// SE-5, SE-8: RESOLVE and RESOLVE_PTR do not map the network around the proxy.
#[test]
fn lookups_are_judged() {
    let access = SafeDefault::new();
    for command in [Command::Resolve, Command::ResolvePtr] {
        let refused = check(&access, command, "10.0.0.1:0").unwrap_err();
        assert_eq!(refused, Refusal::SpecialPurpose(SpecialPurpose::Private));
        assert!(check(&access, command, "8.8.8.8:0").is_ok());
    }
    let refused = check(&access, Command::Resolve, "localhost:0");
    assert_eq!(refused, Err(Refusal::LocalName));
}

/// SE-55: BIND is refused, also on a local listener, until it is granted; then the expected peer
/// is judged.
#[test]
fn bind_is_granted_and_judged() {
    let access = SafeDefault::new();
    let peers = ["8.8.8.8:20", "ftp.example:20", "0.0.0.0:0"];
    for peer in peers {
        assert_eq!(check(&access, Command::Bind, peer), Err(Refusal::Bind));
        let question = request(LOCAL, Command::Bind, address(peer));
        assert_eq!(access.check(&question).unwrap_err(), Refusal::Bind);
    }
    let access = access.bind(true);
    assert_eq!(check(&access, Command::Bind, "8.8.8.8:20"), Ok(()));
    assert_eq!(check(&access, Command::Bind, "ftp.example:20"), Ok(()));
    for peer in ["10.0.0.1:20", "127.0.0.1:20", "localhost:20", "0.0.0.1:20"] {
        assert!(check(&access, Command::Bind, peer).is_err(), "{peer}");
    }
}

/// SE-58: any peer needs a grant of its own, and the peer that comes is judged still (SE-57).
#[test]
fn any_peer_needs_its_own_grant() {
    let zeros = ["0.0.0.0:0", "[::]:0", "[::ffff:0.0.0.0]:0"];
    let alone = SafeDefault::new().bind_any_peer(true);
    let granted = alone.clone().bind(true);
    for peer in zeros {
        let question = request(PUBLIC, Command::Bind, address(peer));
        assert_eq!(alone.check(&question).unwrap_err(), Refusal::Bind);
        let bind = SafeDefault::new().bind(true);
        assert_eq!(bind.check(&question).unwrap_err(), Refusal::BindAnyPeer);
        let permit = granted.check(&question).unwrap();
        assert!(permit.permits("8.8.8.8:4000".parse().unwrap()));
        assert!(!permit.permits("10.0.0.1:4000".parse().unwrap()));
    }
}

/// BI-22, SE-57: a peer that has connected is judged as an address, by the grant of BIND and not by
/// that for any peer, and zeros are no peer.
#[test]
fn bind_peers_are_judged() {
    let judge = |access: &SafeDefault, peer: &str| {
        let question = request(PUBLIC, Command::Bind, address(peer)).at(AccessPoint::BindPeer);
        access.check(&question).map(drop)
    };
    let off = SafeDefault::new();
    assert_eq!(judge(&off, "8.8.8.8:4000"), Err(Refusal::Bind));
    let on = off.bind(true);
    assert_eq!(judge(&on, "8.8.8.8:4000"), Ok(()));
    for (peer, range) in [
        ("10.0.0.1:4000", SpecialPurpose::Private),
        ("[::ffff:127.0.0.1]:4000", SpecialPurpose::Loopback),
        ("0.0.0.0:4000", SpecialPurpose::ThisNetwork),
    ] {
        let refused = Err(Refusal::SpecialPurpose(range));
        assert_eq!(judge(&on, peer), refused, "{peer}");
        assert_eq!(judge(&on.clone().bind_any_peer(true), peer), refused);
    }
}

/// SE-27: an association is allowed wherever its client sends from, and each datagram's
/// destination is judged.
#[test]
fn datagrams_are_judged_one_by_one() {
    for source in ["0.0.0.0:0", "127.0.0.1:4000", "10.0.0.7:4000", "[::]:0"] {
        let question = request(PUBLIC, Command::UdpAssociate, address(source));
        let permit = SafeDefault::new().check(&question).unwrap();
        let permits = |addr: &str| permit.permits(addr.parse().unwrap());
        assert!(permits("8.8.8.8:53"));
        for addr in [
            "127.0.0.1:53",
            "224.0.0.251:5353",
            "255.255.255.255:67",
            "[ff02::fb]:5353",
        ] {
            assert!(!permits(addr), "{addr}");
        }
    }
}

#[test]
fn a_listener_without_an_address_is_local() {
    let peer: SocketAddr = "127.0.0.1:4000".parse().unwrap();
    let local = Endpoint::Unix(None);
    let conn = ConnInfo::new(SessionId(1), Version::Socks5, peer.into(), local);
    let question = AccessRequest::new(
        Arc::new(conn),
        Arc::new(Identity::anonymous()),
        Command::Connect,
        address("127.0.0.1:1080"),
    );
    let access = SafeDefault::new();
    assert!(access.check(&question).is_ok());
    let access = access.own_listeners(["127.0.0.1:1080".parse().unwrap()]);
    assert_eq!(access.check(&question).unwrap_err(), Refusal::OwnListener);
}

#[test]
fn the_client_sees_one_code() {
    assert_eq!(Refusal::OwnListener.code(), ReplyCode::NOT_ALLOWED);
    assert_eq!(Refusal::Bind.code(), ReplyCode::NOT_ALLOWED);
    assert_eq!(Refusal::Command.code(), ReplyCode::COMMAND_NOT_SUPPORTED);
}

#[test]
fn clones_keep_their_settings() {
    let strict = SafeDefault::new();
    let open = strict.clone().allow_private(true);
    assert!(connect(&open, PUBLIC, "10.0.0.1:80").is_ok());
    assert!(connect(&strict, PUBLIC, "10.0.0.1:80").is_err());
}

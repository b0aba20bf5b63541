use super::{LOCAL, PUBLIC, connect};
use crate::{Refusal, SafeDefault};

/// SE-11: the listener that the client is connected to, under every name it has.
#[test]
fn the_listener_itself_is_refused() {
    let open = SafeDefault::new()
        .allow_local(true)
        .allow(["0.0.0.0/0", "::/0"].map(|net| net.parse().unwrap()));
    for (listener, destination) in [
        (PUBLIC, "192.31.196.1:1080"),
        (PUBLIC, "[::ffff:192.31.196.1]:1080"),
        (PUBLIC, "[64:ff9b::192.31.196.1]:1080"),
        (PUBLIC, "[2002:c01f:c401::1]:1080"),
        (PUBLIC, "127.0.0.1:1080"),
        (LOCAL, "127.0.0.1:1080"),
        (LOCAL, "127.0.0.2:1080"),
        (LOCAL, "[::1]:1080"),
    ] {
        let refused = connect(&open, listener, destination).unwrap_err();
        assert_eq!(refused, Refusal::OwnListener, "{destination}");
    }
    assert_eq!(
        connect(&open, LOCAL, "localhost:1080").unwrap_err(),
        Refusal::LocalName
    );
    assert!(connect(&open, LOCAL, "localhost:1081").is_ok());
    assert!(connect(&open, LOCAL, "127.0.0.1:1081").is_ok());
    assert!(connect(&open, PUBLIC, "192.31.196.2:1080").is_ok());
}

/// SE-11: a name that resolves to the listener is refused when it has resolved.
#[test]
fn the_listener_behind_a_name_is_refused() {
    let permit = connect(&SafeDefault::new(), LOCAL, "proxy.example:1080").unwrap();
    assert!(!permit.permits(LOCAL.parse().unwrap()));
    assert!(permit.permits("127.0.0.1:8080".parse().unwrap()));
}

/// SE-11: other ports of the proxy's own address are as closed as loopback.
#[test]
fn own_addresses_are_the_own_machine() {
    let access = SafeDefault::new();
    let refused = connect(&access, PUBLIC, "192.31.196.1:22").unwrap_err();
    assert_eq!(refused, Refusal::OwnAddress);
    let access = access.own_addresses(["9.9.9.9".parse().unwrap()]);
    let refused = connect(&access, PUBLIC, "9.9.9.9:22").unwrap_err();
    assert_eq!(refused, Refusal::OwnAddress);
    let refused = connect(&access, PUBLIC, "9.9.9.9:1080").unwrap_err();
    assert_eq!(refused, Refusal::OwnListener);

    assert!(connect(&access, LOCAL, "9.9.9.9:22").is_ok());
    let access = access.allow(["9.9.9.9/32".parse().unwrap()]);
    assert!(connect(&access, PUBLIC, "9.9.9.9:22").is_ok());
}

/// SE-11: listeners that are not the client's, such as a management interface.
#[test]
fn configured_listeners_are_refused() {
    let access = SafeDefault::new().own_listeners([
        "0.0.0.0:9000".parse().unwrap(),
        "9.9.9.9:9001".parse().unwrap(),
    ]);
    for destination in [
        "127.0.0.1:9000",
        "127.0.0.1:9001",
        "9.9.9.9:9001",
        "9.9.9.9:9000",
    ] {
        let refused = connect(&access, LOCAL, destination).unwrap_err();
        assert_eq!(refused, Refusal::OwnListener, "{destination}");
    }
    assert!(connect(&access, LOCAL, "8.8.8.8:9000").is_ok());
}

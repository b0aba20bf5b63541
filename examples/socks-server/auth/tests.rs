use std::{path::Path, time::Duration};

use socks_core::{
    Method,
    message::{AuthRequest, Authentication, ConnInfo, Credentials, Endpoint, SessionId, Version},
};
use tower::ServiceExt;

use super::Prepared;
use crate::config::{Config, Source};

pub fn prepare(text: &str) -> Result<Prepared, String> {
    let source = Source::new(Path::new("f.toml"), text);
    let config = Config::parse(&source).map_err(|error| error.to_string())?;
    let users = config.users().collect();
    let handshake = Duration::from_secs(30);
    let prepared = config
        .auth
        .prepare(users, &config.listener, handshake, &source);
    prepared.map_err(|error| error.to_string())
}

pub fn error(text: &str) -> String {
    match prepare(text) {
        Ok(_) => panic!("accepted: {text}"),
        Err(error) => error,
    }
}

fn methods(prepared: &Prepared, listener: &str, client: &str) -> Vec<u8> {
    let peer = Endpoint::Socket(client.parse().unwrap());
    let mut conn = ConnInfo::new(SessionId(1), Version::Socks5, peer, Endpoint::Unnamed);
    conn.listener = Some(listener.into());
    let methods = prepared.policy.methods(&conn);
    methods.iter().map(|method| method.0).collect()
}

const USER: &str = "[[user]]\nname = 'a'\npassword = 'b'\n";

/// R5-18: nothing set up asks for nothing; whoever is set up is asked for.
#[test]
fn defaults() {
    let open = prepare("").unwrap();
    assert!(open.is_open() && open.lets_anybody_in() && !open.takes_passwords());
    assert_eq!(methods(&open, "any", "192.0.2.1:1"), [0]);

    let users = prepare(USER).unwrap();
    assert!(!users.is_open() && !users.lets_anybody_in() && users.takes_passwords());
    assert_eq!(methods(&users, "any", "192.0.2.1:1"), [2]);
}

/// R5-18, SE-36: networks come before listeners, and those before what is for everybody.
#[test]
fn methods_by_listener_and_client() {
    let text = "[[listener]]\naddress = '127.0.0.1:1'\nname = 'inside'\nmethods = ['no-authentication']\n\
         [[listener]]\naddress = '127.0.0.1:2'\n\
         [auth]\nmethods = ['username-password', 'no-authentication']\n\
         [[auth.client]]\nnetworks = ['192.0.2.0/24', '2001:db8::/32']\nlistener = 'inside'\n\
         methods = ['username-password']\n\
         [[auth.client]]\nnetworks = ['198.51.100.7/32']\nmethods = ['no-authentication']\n";
    let prepared = prepare(&format!("{text}{USER}")).unwrap();
    assert!(!prepared.is_open() && prepared.lets_anybody_in() && prepared.takes_passwords());
    for (listener, client, expected) in [
        ("inside", "192.0.2.9:1", &[2][..]),
        ("inside", "[2001:db8::1]:1", &[2]),
        ("inside", "203.0.113.1:1", &[0]),
        ("inside", "198.51.100.7:1", &[0]),
        ("127.0.0.1:2", "192.0.2.9:1", &[2, 0]),
        ("127.0.0.1:2", "198.51.100.7:1", &[0]),
        ("127.0.0.1:2", "198.51.100.8:1", &[2, 0]),
    ] {
        let found = methods(&prepared, listener, client);
        assert_eq!(found, expected, "{listener} {client}");
    }
}

/// Users that nobody is asked for are a mistake, and not an open server.
#[test]
fn whoever_is_set_up_is_offered() {
    let open = "[auth]\nmethods = ['no-authentication']\n";
    let expected = "f.toml:2:11: auth.methods: expected username-password here or for somebody, \
                    for it is set up";
    assert_eq!(error(&format!("{open}{USER}")), expected);

    // Those of one network are asked; whoever comes from elsewhere is not.
    let rule = "[[auth.client]]\nnetworks = ['192.0.2.0/24']\nmethods = ['username-password']\n";
    let prepared = prepare(&format!("{open}{rule}{USER}")).unwrap();
    assert_eq!(methods(&prepared, "any", "192.0.2.1:1"), [2]);
    assert_eq!(methods(&prepared, "any", "192.0.3.1:1"), [0]);
}

/// S4-2, SE-36: where method 00 is offered to nobody, nobody judges it or a SOCKS4 user id either.
#[tokio::test]
async fn nobody_judges_what_is_not_offered() {
    for (text, accepted) in [
        (USER.to_owned(), false),
        (format!("[auth.ident]\n{USER}"), false),
        ("[auth.ident]\n".to_owned(), true),
        (
            format!("[auth]\nmethods = ['username-password', 'no-authentication']\n{USER}"),
            true,
        ),
    ] {
        let services = prepare(&text).unwrap().services();
        for credentials in [Credentials::None, Credentials::UserId(Default::default())] {
            let ends = [Endpoint::Unnamed, Endpoint::Unnamed];
            let [peer, local] = ends;
            let conn = ConnInfo::new(SessionId(1), Version::Socks5, peer, local).into();
            let request = AuthRequest::new(conn, Method::NO_AUTHENTICATION, credentials);
            let answer = services.authenticator.clone().oneshot(request).await;
            let answer = matches!(answer.unwrap(), Authentication::Accepted(_));
            assert_eq!(answer, accepted, "{text}");
        }
    }
}

#[test]
fn mistakes_name_place_key_and_expectation() {
    for (text, expected) in [
        (
            "[auth]\nmethods = []",
            "f.toml:2:11: auth.methods: expected at least one method",
        ),
        (
            "[auth]\nmethods = ['no-authentication', 'no-authentication']",
            "f.toml:2:11: auth.methods: no-authentication is there twice",
        ),
        (
            "[auth]\nmethods = ['username-password']",
            "f.toml:2:11: auth.methods: expected a [[user]] or a table of passwords below [auth] for username-password",
        ),
        (
            "[auth]\nmethods = ['password']",
            "f.toml:2:12: auth.methods: unknown variant `password`, expected one of `no-authentication`",
        ),
        (
            "[[listener]]\naddress = '127.0.0.1:1'\nmethods = ['gssapi']",
            "f.toml:3:11: listener.methods: expected [auth.gssapi] for gssapi",
        ),
        (
            "[[listener]]\naddress = '127.0.0.1'",
            "f.toml:2:11: listener.address: 127.0.0.1: expected IP:PORT or unix:/PATH",
        ),
        (
            "[[listener]]\naddress = '127.0.0.1:1'\n[[listener]]\naddress = '127.0.0.1:1'",
            "f.toml:4:11: listener.name: 127.0.0.1:1 is there twice",
        ),
        (
            "[auth]\ntimeout = 30",
            "f.toml:2:11: auth.timeout: expected less than deadlines.handshake, 30s",
        ),
        (
            "[auth.attempts]\nuser_delay = 45",
            "f.toml:2:14: auth.attempts.user_delay: expected less than deadlines.handshake, 30s",
        ),
        (
            "[[auth.client]]\nnetworks = []\nmethods = ['no-authentication']",
            "f.toml:2:12: auth.client.networks: expected at least one network",
        ),
        (
            "[[auth.client]]\nnetworks = ['10.0.0.0/33']\nmethods = ['no-authentication']",
            "f.toml:2:13: auth.client.networks: invalid IP address syntax",
        ),
        (
            "[[auth.client]]\nnetworks = ['10.0.0.0/8']\nlistener = 'x'\nmethods = ['no-authentication']",
            "f.toml:3:12: auth.client.listener: expected the name of a [[listener]], and x is none",
        ),
    ] {
        let error = error(text);
        assert!(
            error.starts_with(expected),
            "{text:?}\n {error}\n {expected}"
        );
    }
}

//! Messages that a constructor accepts.

use std::net::{SocketAddr, SocketAddrV4};

use proptest::{
    collection::vec,
    option,
    prelude::*,
    sample::{Index, select},
};
use socks_core::{
    Address, Command, Method, ReplyCode, Secret, UserId, UserName, chap, gssapi, ident,
    username_password, v4, v5,
};

pub(crate) fn octets(max: usize) -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 0..=max)
}

fn ipv4() -> impl Strategy<Value = SocketAddrV4> {
    any::<([u8; 4], u16)>().prop_map(|(ip, port)| SocketAddrV4::new(ip.into(), port))
}

pub(crate) fn address() -> impl Strategy<Value = Address> {
    prop_oneof![
        ipv4().prop_map(|addr| Address::Socket(addr.into())),
        any::<([u8; 16], u16)>()
            .prop_map(|(ip, port)| Address::Socket(SocketAddr::new(ip.into(), port))),
        (vec(any::<u8>(), 1..=255), any::<u16>())
            .prop_map(|(name, port)| Address::domain(name, port).unwrap()),
    ]
}

pub(crate) fn greeting() -> impl Strategy<Value = v5::Greeting> {
    vec(any::<u8>().prop_map(Method), 1..=255)
        .prop_map(|methods| v5::Greeting::new(&methods).unwrap())
}

pub(crate) fn method_selection() -> impl Strategy<Value = v5::MethodSelection> {
    any::<u8>().prop_map(|octet| v5::MethodSelection {
        method: Method(octet),
    })
}

pub(crate) fn request() -> impl Strategy<Value = v5::Request> {
    use Command::{Bind, Connect, Resolve, ResolvePtr, UdpAssociate};
    let command = select(&[Connect, Bind, UdpAssociate, Resolve, ResolvePtr]);
    (command, address()).prop_map(|(command, destination)| v5::Request {
        command,
        destination,
    })
}

pub(crate) fn reply() -> impl Strategy<Value = v5::Reply> {
    (any::<u8>(), address()).prop_map(|(code, bound)| v5::Reply {
        code: ReplyCode(code),
        bound,
    })
}

pub(crate) fn udp_header() -> impl Strategy<Value = v5::UdpHeader> {
    (any::<u8>(), address()).prop_map(|(fragment, address)| v5::UdpHeader { fragment, address })
}

pub(crate) fn socks4_request() -> impl Strategy<Value = v4::Request> {
    let command = select(&[Command::Connect, Command::Bind, Command::Resolve]);
    let user_id = vec(1..=255u8, 0..=512);
    let name = vec(1..=255u8, 1..=255);
    let destination = prop_oneof![
        ipv4()
            .prop_filter("reads as the SOCKS4A marker", |addr| {
                !matches!(addr.ip().octets(), [0, 0, 0, last] if last != 0)
            })
            .prop_map(|addr| Address::Socket(addr.into())),
        (name, any::<u16>()).prop_map(|(name, port)| Address::domain(name, port).unwrap()),
    ];
    (command, destination, user_id).prop_map(|(command, destination, user_id)| {
        v4::Request::new(command, destination, UserId::new(&user_id).unwrap()).unwrap()
    })
}

pub(crate) fn socks4_reply() -> impl Strategy<Value = v4::Reply> {
    (any::<u8>(), ipv4()).prop_map(|(code, bound)| v4::Reply {
        code: v4::ReplyCode(code),
        bound,
    })
}

pub(crate) fn login() -> impl Strategy<Value = username_password::Request> {
    (vec(any::<u8>(), 1..=255), vec(any::<u8>(), 1..=255)).prop_map(|(username, password)| {
        let username = UserName::from(username.as_slice());
        username_password::Request::new(username, Secret::new(&password)).unwrap()
    })
}

pub(crate) fn login_response() -> impl Strategy<Value = username_password::Response> {
    any::<(u8, u8)>().prop_map(|(version, status)| username_password::Response { version, status })
}

/// The token is borrowed, so the strategy gives what a frame is made of.
pub(crate) fn gssapi() -> impl Strategy<Value = (gssapi::MessageType, Vec<u8>)> {
    use gssapi::MessageType::{Abort, Context, Data, ProtectionLevel};
    (
        select(&[Context, ProtectionLevel, Data, Abort]),
        prop_oneof![9 => octets(600), 1 => octets(65535)],
    )
}

/// Attribute and value of each assertion.
pub(crate) fn chap() -> impl Strategy<Value = Vec<(u8, Vec<u8>)>> {
    vec((any::<u8>(), octets(40)), 0..=90)
}

pub(crate) fn chap_message() -> impl Strategy<Value = chap::Message> {
    chap().prop_map(|assertions| assemble(&assertions))
}

pub(crate) fn assemble(assertions: &[(u8, Vec<u8>)]) -> chap::Message {
    let assertions: Vec<_> = assertions
        .iter()
        .map(|(attribute, value)| chap::Assertion::new(chap::Attribute(*attribute), value).unwrap())
        .collect();
    chap::Message::new(&assertions).unwrap()
}

pub(crate) fn ident_query() -> impl Strategy<Value = ident::Query> {
    (1..=u16::MAX, 1..=u16::MAX).prop_map(|(server, client)| ident::Query {
        ports: ident::PortPair::new(server, client).unwrap(),
    })
}

pub(crate) fn ident_response() -> impl Strategy<Value = ident::Response> {
    (ident_query(), prop_oneof![identity(), error_token()]).prop_map(|(query, result)| {
        ident::Response {
            ports: query.ports,
            result,
        }
    })
}

type IdentResult = Result<ident::Identity, ident::ErrorToken>;

fn identity() -> impl Strategy<Value = IdentResult> {
    let token = |pattern| {
        proptest::string::string_regex(pattern)
            .unwrap()
            .prop_map(|text| ident::Token::new(&text).unwrap())
    };
    let system = token("[!-+\\--9;-~]{1,64}");
    let charset = option::of(token("[!-9;-~]{1,64}"));
    let octet = any::<u8>().prop_filter("belongs to no line", |octet| {
        !matches!(octet, 0 | b'\r' | b'\n')
    });
    (system, charset, vec(octet, 1..=512)).prop_map(|(system, charset, user_id)| {
        let user_id = UserId::new(&user_id).unwrap();
        Ok(ident::Identity::new(system, charset, user_id).unwrap())
    })
}

fn error_token() -> impl Strategy<Value = IdentResult> {
    let token = "INVALID-PORT|NO-USER|HIDDEN-USER|UNKNOWN-ERROR|X[!-9;-~]{1,63}";
    token.prop_map(|text| {
        let token = ident::Token::new(&text).unwrap();
        Err(ident::ErrorToken::new(token).unwrap())
    })
}

/// A valid message with some octets changed, and cut or followed by others.
pub(crate) fn damaged(valid: BoxedStrategy<Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    let changes = vec(any::<(Index, u8)>(), 0..4);
    (valid, changes, any::<Index>(), octets(8)).prop_map(|(mut octets, changes, cut, tail)| {
        for (place, octet) in changes {
            if !octets.is_empty() {
                let place = place.index(octets.len());
                octets[place] = octet;
            }
        }
        if let [_, _, _, ..] = tail.as_slice() {
            octets.extend(tail);
        } else {
            octets.truncate(cut.index(octets.len() + 1));
        }
        octets
    })
}

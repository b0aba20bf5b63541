use proptest::prelude::*;
use socks_core::{DecodeError, chap, gssapi, ident, username_password, v4, v5};

use crate::strategy;

/// A decoder that gives back what our encoder makes of the message.
type Read = fn(&mut &[u8]) -> Result<Option<Vec<u8>>, DecodeError>;

/// Reads `octets` whole and in every shorter piece.
///
/// The decoder must not panic; it moves exactly over a message and else not at all; the first
/// verdict stands, whatever arrives later; and a message takes at most `max` octets, which bounds
/// what a decoder can make its caller buffer and what it can allocate.
fn explore(octets: &[u8], max: usize, read: Read) -> Result<(), TestCaseError> {
    let mut src = octets;
    let whole = read(&mut src);
    let consumed = octets.len() - src.len();
    prop_assert_eq!(&octets[consumed..], src);
    match &whole {
        Ok(Some(encoded)) => {
            prop_assert!((1..=max).contains(&consumed));
            prop_assert!(encoded.len() <= max);
            let mut again = encoded.as_slice();
            prop_assert_eq!(read(&mut again), Ok(Some(encoded.clone())));
            prop_assert!(again.is_empty());
        }
        Ok(None) => {
            prop_assert_eq!(consumed, 0);
            prop_assert!(octets.len() < max, "waits for more than {} octets", max);
        }
        Err(_) => prop_assert_eq!(consumed, 0),
    }
    let mut told = false;
    for end in 0..=octets.len() {
        let mut src = &octets[..end];
        let piece = read(&mut src);
        let moved = end - src.len();
        match piece {
            Ok(None) => prop_assert!(!told, "asks for more after it had answered"),
            answer => {
                told = true;
                prop_assert_eq!(&answer, &whole);
                prop_assert_eq!(moved, consumed);
            }
        }
    }
    Ok(())
}

macro_rules! read {
    ($type:ty) => {
        |src| {
            Ok(<$type>::decode(src)?.map(|message| {
                let mut octets = Vec::new();
                message.encode(&mut octets);
                octets
            }))
        }
    };
}

/// Any octets, a version in front of any octets, and a valid message that was damaged.
fn input<M: std::fmt::Debug>(
    version: u8,
    valid: impl Strategy<Value = M> + 'static,
    encode: impl Fn(M) -> Vec<u8> + 'static,
) -> impl Strategy<Value = Vec<u8>> {
    let versioned = strategy::octets(300).prop_map(move |mut octets| {
        octets.insert(0, version);
        octets
    });
    let damaged = strategy::damaged(valid.prop_map(encode).boxed());
    prop_oneof![strategy::octets(40), versioned, damaged]
}

macro_rules! any_octets {
    ($(#[$meta:meta])* fn $name:ident($type:ty, $version:expr, $strategy:expr, $max:expr);) => {
        proptest! {
            $(#[$meta])*
            fn $name(octets in input($version, $strategy, |message| {
                let mut octets = Vec::new();
                message.encode(&mut octets);
                octets
            })) {
                explore(&octets, $max, read!($type))?;
            }
        }
    };
}

any_octets! {
    /// R5-3, R5-4, SE-43, SE-16, SE-24: greetings, of at most 257 octets.
    #[test]
    fn greeting(v5::Greeting, 5, strategy::greeting(), 257);
}
any_octets! {
    /// R5-3, R5-4, SE-43, SE-24: method selections.
    #[test]
    fn method_selection(v5::MethodSelection, 5, strategy::method_selection(), 2);
}
any_octets! {
    /// R5-3, R5-4, SE-43, R5-21, SE-16, SE-24: requests, of at most 262 octets.
    #[test]
    fn request(v5::Request, 5, strategy::request(), v5::Request::MAX_LEN);
}
any_octets! {
    /// R5-3, R5-4, SE-43, SE-24: replies, of at most 262 octets.
    #[test]
    fn reply(v5::Reply, 5, strategy::reply(), 262);
}
any_octets! {
    /// R5-3, R5-4, SE-43, S4-7, S4A-6, SE-16, SE-24: SOCKS4 requests, of at most 777 octets.
    #[test]
    fn socks4_request(v4::Request, 4, strategy::socks4_request(), v4::Request::MAX_LEN);
}
any_octets! {
    /// R5-3, R5-4, SE-43, SE-24: SOCKS4 replies.
    #[test]
    fn socks4_reply(v4::Reply, 0, strategy::socks4_reply(), 8);
}
any_octets! {
    /// R5-3, R5-4, SE-43, UP-5, SE-16, SE-24: logins, of at most 513 octets.
    #[test]
    fn login(username_password::Request, 1, strategy::login(), username_password::Request::MAX_LEN);
}
any_octets! {
    /// R5-3, R5-4, SE-43, SE-24: answers to logins.
    #[test]
    fn login_response(username_password::Response, 1, strategy::login_response(), 2);
}
any_octets! {
    /// R5-3, R5-4, SE-43, CH-4, SE-24: CHAP messages, of at most 4096 octets by default.
    #[test]
    fn chap(chap::Message, 1, strategy::chap_message(), chap::Message::DEFAULT_LIMIT);
}
any_octets! {
    /// R5-3, R5-4, SE-43, ID-16, SE-24: ident queries, of at most 1000 octets.
    #[test]
    fn ident_query(ident::Query, b'1', strategy::ident_query(), ident::MAX_LINE);
}
any_octets! {
    /// R5-3, R5-4, SE-43, ID-16, SE-24: ident responses, of at most 1000 octets.
    #[test]
    fn ident_response(ident::Response, b'1', strategy::ident_response(), ident::MAX_LINE);
}

proptest! {
    /// R5-3, R5-4, SE-43, GS-2, SE-24: GSSAPI frames, whose tokens are borrowed and never allocated.
    #[test]
    fn gssapi(octets in input(1, strategy::octets(300), |mut octets| {
        let len = u16::try_from(octets.len()).unwrap().to_be_bytes();
        octets.splice(..0, [1, 3, len[0], len[1]]);
        octets
    })) {
        explore(&octets, gssapi::Message::MAX_LEN, |src| {
            Ok(gssapi::Message::decode(src)?.map(|message| {
                let mut octets = Vec::new();
                message.encode(&mut octets);
                octets
            }))
        })?;
        let _ = gssapi::Message::decode_datagram(&octets);
    }

    /// UD-26, SE-24: headers of datagrams are whole or refused.
    #[test]
    fn udp_header(octets in input(0, strategy::udp_header(), |header| {
        let mut octets = Vec::new();
        header.encode(&mut octets);
        octets
    })) {
        let mut src = octets.as_slice();
        match v5::UdpHeader::decode(&mut src) {
            Ok(header) => prop_assert_eq!(octets.len() - src.len(), header.encoded_len()),
            Err(_) => prop_assert_eq!(src.len(), octets.len()),
        }
    }
}

use proptest::prelude::*;
use socks_core::{chap, gssapi, ident, username_password, v4, v5};

use crate::strategy;

/// What was sent is what is read, none of what follows is touched, and any shorter piece asks
/// for more, so that every segmentation ends in the same message.
macro_rules! round_trip {
    ($octets:expr, $tail:expr, $decode:expr, $check:expr) => {{
        let (octets, tail): (Vec<u8>, Vec<u8>) = ($octets, $tail);
        for end in pieces(octets.len()) {
            prop_assert!(
                matches!($decode(&mut &octets[..end]), Ok(None)),
                "up to {}",
                end
            );
        }
        let followed = [&octets[..], &tail].concat();
        let mut src = followed.as_slice();
        let decoded = $decode(&mut src);
        prop_assert_eq!(src, &tail);
        let decoded = decoded.unwrap().unwrap();
        $check(decoded);
    }};
}

/// Every length of a short message, and of a long one those near both ends.
fn pieces(len: usize) -> impl Iterator<Item = usize> {
    (0..len).filter(move |end| *end < 800 || len - end < 20)
}

macro_rules! encoded {
    ($message:expr) => {{
        let mut octets = Vec::new();
        $message.encode(&mut octets);
        octets
    }};
}

/// A test for a message that can be compared.
macro_rules! comparable {
    ($(#[$meta:meta])* fn $name:ident($strategy:expr, $type:ty);) => {
        proptest! {
            $(#[$meta])*
            fn $name(message in $strategy, tail in strategy::octets(20)) {
                let check = |decoded| assert_eq!(decoded, message);
                round_trip!(encoded!(message), tail, <$type>::decode, check);
            }
        }
    };
}

comparable! {
    /// R5-3, R5-4, SE-43, R5-9: greetings.
    #[test]
    fn greeting(strategy::greeting(), v5::Greeting);
}
comparable! {
    /// R5-3, R5-4, SE-43: method selections.
    #[test]
    fn method_selection(strategy::method_selection(), v5::MethodSelection);
}
comparable! {
    /// R5-3, R5-4, SE-43, R5-21, R5-33: requests.
    #[test]
    fn request(strategy::request(), v5::Request);
}
comparable! {
    /// R5-3, R5-4, SE-43, R5-41, R5-46, R5-48: replies.
    #[test]
    fn reply(strategy::reply(), v5::Reply);
}
comparable! {
    /// R5-3, R5-4, SE-43, S4-3, S4-7, S4-9, S4A-1, S4A-6: SOCKS4 requests.
    #[test]
    fn socks4_request(strategy::socks4_request(), v4::Request);
}
comparable! {
    /// R5-3, R5-4, SE-43, S4-9, S4-11: SOCKS4 replies.
    #[test]
    fn socks4_reply(strategy::socks4_reply(), v4::Reply);
}
comparable! {
    /// R5-3, R5-4, SE-43, UP-8: answers to logins.
    #[test]
    fn login_response(strategy::login_response(), username_password::Response);
}
comparable! {
    /// R5-3, R5-4, SE-43, ID-5: ident queries.
    #[test]
    fn ident_query(strategy::ident_query(), ident::Query);
}
comparable! {
    /// R5-3, R5-4, SE-43, ID-10, ID-11, ID-12: ident responses.
    #[test]
    fn ident_response(strategy::ident_response(), ident::Response);
}

proptest! {
    /// R5-3, R5-4, SE-43, UP-3, UP-4, UP-5, UP-15, UP-16: logins.
    #[test]
    fn login(message in strategy::login(), tail in strategy::octets(20)) {
        let check = |decoded: username_password::Request| {
            assert_eq!(decoded.username(), message.username());
            assert_eq!(decoded.password().expose(), message.password().expose());
        };
        round_trip!(encoded!(message), tail, username_password::Request::decode, check);
    }

    /// R5-3, R5-4, SE-43, GS-2, GS-10: GSSAPI frames.
    #[test]
    fn gssapi((kind, octets) in strategy::gssapi(), tail in strategy::octets(20)) {
        let token = gssapi::Token::new(&octets).unwrap();
        let message = match kind {
            gssapi::MessageType::Context => gssapi::Message::Context(token),
            gssapi::MessageType::ProtectionLevel => gssapi::Message::ProtectionLevel(token),
            gssapi::MessageType::Data => gssapi::Message::Data(token),
            gssapi::MessageType::Abort => gssapi::Message::Abort,
        };
        prop_assert_eq!(message.message_type(), kind);
        let octets = encoded!(message);
        prop_assert_eq!(octets.len(), message.encoded_len());
        let check = |decoded| assert_eq!(decoded, message);
        round_trip!(octets, tail, gssapi::Message::decode, check);
    }

    /// GS-24: a data frame is a datagram, unless octets are missing or too many.
    #[test]
    fn gssapi_datagram(octets in strategy::octets(600), tail in strategy::octets(20)) {
        let token = gssapi::Token::new(&octets).unwrap();
        let mut datagram = encoded!(gssapi::Message::Data(token));
        prop_assert_eq!(gssapi::Message::decode_datagram(&datagram), Ok(token));
        prop_assert!(gssapi::Message::decode_datagram(&datagram[..datagram.len() - 1]).is_err());
        datagram.extend(&tail);
        prop_assert_eq!(gssapi::Message::decode_datagram(&datagram).is_ok(), tail.is_empty());
    }

    /// R5-3, R5-4, SE-43, CH-3, CH-4: CHAP messages.
    #[test]
    fn chap(assertions in strategy::chap(), tail in strategy::octets(20)) {
        let message = strategy::assemble(&assertions);
        let check = |decoded: chap::Message| {
            let decoded = decoded.assertions();
            let decoded: Vec<_> =
                decoded.map(|a| (a.attribute().0, a.value().to_vec())).collect();
            assert_eq!(decoded, assertions);
        };
        round_trip!(encoded!(message), tail, chap::Message::decode, check);
    }

    /// UD-13, UD-26, UD-30, UD-35: headers of datagrams, whose data are what is left.
    #[test]
    fn udp_header(header in strategy::udp_header(), data in strategy::octets(20)) {
        let octets = encoded!(header);
        prop_assert_eq!(octets.len(), header.encoded_len());
        for end in 0..octets.len() {
            let cut = v5::UdpHeader::decode(&mut &octets[..end]);
            prop_assert_eq!(cut, Err(socks_core::DecodeError::Truncated));
        }
        let datagram = [&octets[..], &data].concat();
        let mut src = datagram.as_slice();
        prop_assert_eq!(v5::UdpHeader::decode(&mut src), Ok(header));
        prop_assert_eq!(src, &data);
    }
}

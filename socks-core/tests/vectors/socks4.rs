use std::net::{IpAddr, Ipv4Addr};

use serde_json::json;
use socks_core::{
    Address, Command,
    v4::{Reply, ReplyCode, Request},
};

use crate::{
    fields::{self, Fields, object},
    stream::{Decoded, Stream},
    vector::Vector,
};

pub(crate) fn request(vector: &Vector) {
    Stream {
        read: |src| {
            Ok(Request::decode(src)?.map(|request| {
                let mut encoded = Vec::new();
                request.encode(&mut encoded);
                Decoded {
                    fields: request_fields(&request),
                    encoded,
                    verdict: fields::request_verdict(request.command(), request.destination())
                        .or_else(|| zero_address(&request)),
                }
            }))
        },
        // Any marker says the same (S4A-2).
        ignore: |fields| {
            if fields.contains_key("domain_hex") {
                fields.remove("dstip");
            }
        },
        tolerated: &[],
        normal: |octets| {
            let mut octets = octets.to_vec();
            if octets[4..7] == [0; 3] && octets[7] != 0 {
                octets[7] = 1;
            }
            octets
        },
    }
    .check(vector);
}

fn request_fields(request: &Request) -> Fields {
    let mut fields = object(json!({
        "vn": 4,
        "cd": request.command().octet(),
        "dstport": request.destination().port(),
    }));
    match request.destination() {
        Address::Socket(addr) => {
            fields.insert("dstip".into(), json!(addr.ip().to_string()));
        }
        Address::Domain(domain, _) => fields::octets(&mut fields, "domain", domain.as_bytes()),
    }
    fields::octets(&mut fields, "userid", request.user_id().as_bytes());
    fields
}

/// S4A-3: no destination of a CONNECT.
fn zero_address(request: &Request) -> Option<&'static str> {
    let Address::Socket(addr) = request.destination() else {
        return None;
    };
    let zero = addr.ip() == IpAddr::V4(Ipv4Addr::UNSPECIFIED);
    (zero && request.command() == Command::Connect).then_some("zero_address")
}

pub(crate) fn reply(vector: &Vector) {
    Stream {
        read: |src| {
            Ok(Reply::decode(src)?.map(|reply| {
                assert_eq!(reply.code.is_success(), reply.code.0 == 0x5a);
                let known = ReplyCode::GRANTED..=ReplyCode::IDENT_MISMATCH;
                let mut encoded = Vec::new();
                reply.encode(&mut encoded);
                Decoded {
                    fields: object(json!({
                        "cd": reply.code.0,
                        "dstport": reply.bound.port(),
                        "dstip": reply.bound.ip().to_string(),
                    })),
                    encoded,
                    verdict: (!known.contains(&reply.code)).then_some("unknown_code"),
                }
            }))
        },
        // 00 and 04 are the same to a lenient client, which is the default (S4-20).
        ignore: |fields| {
            fields.remove("vn");
        },
        tolerated: &["bad_version"],
        normal: |octets| [&[0], &octets[1..]].concat(),
    }
    .check(vector);
}

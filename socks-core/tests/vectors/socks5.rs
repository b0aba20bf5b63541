use serde_json::json;
use socks_core::v5::{Greeting, MethodSelection, Reply, ReplyPrefix, Request};

use crate::{
    fields::{self, Fields, object},
    stream::{Decoded, Stream},
    vector::Vector,
};

/// RSV is not kept: receivers ignore it (R5-22, R5-43).
fn without_rsv(fields: &mut Fields) {
    fields.remove("rsv");
}

/// RSV is sent as zero.
fn zero_rsv(octets: &[u8]) -> Vec<u8> {
    let mut octets = octets.to_vec();
    octets[2] = 0;
    octets
}

pub(crate) fn greeting(vector: &Vector) {
    Stream {
        read: |src| {
            Ok(Greeting::decode(src)?.map(|greeting| {
                let methods: Vec<u8> = greeting.methods().iter().map(|m| m.0).collect();
                let mut encoded = Vec::new();
                greeting.encode(&mut encoded);
                Decoded {
                    verdict: methods.is_empty().then_some("no_methods"),
                    fields: object(json!({ "ver": 5, "methods": methods })),
                    encoded,
                }
            }))
        },
        ignore: |_| {},
        tolerated: &[],
        normal: <[u8]>::to_vec,
    }
    .check(vector);
}

pub(crate) fn method_selection(vector: &Vector) {
    Stream {
        read: |src| {
            Ok(MethodSelection::decode(src)?.map(|selection| {
                let mut encoded = Vec::new();
                selection.encode(&mut encoded);
                Decoded {
                    fields: object(json!({ "ver": 5, "method": selection.method.0 })),
                    encoded,
                    verdict: None,
                }
            }))
        },
        ignore: |_| {},
        tolerated: &[],
        normal: <[u8]>::to_vec,
    }
    .check(vector);
}

pub(crate) fn request(vector: &Vector) {
    Stream {
        read: |src| {
            Ok(Request::decode(src)?.map(|request| {
                let mut fields = object(json!({ "ver": 5, "cmd": request.command.octet() }));
                fields::address(&mut fields, &request.destination);
                let mut encoded = Vec::new();
                request.encode(&mut encoded);
                Decoded {
                    fields,
                    encoded,
                    verdict: fields::request_verdict(request.command, &request.destination),
                }
            }))
        },
        ignore: without_rsv,
        tolerated: &["reserved_nonzero"],
        normal: zero_rsv,
    }
    .check(vector);
}

pub(crate) fn reply(vector: &Vector) {
    Stream {
        read: |src| {
            Ok(Reply::decode(src)?.map(|reply| {
                let mut fields = object(json!({ "ver": 5, "rep": reply.code.0 }));
                fields::address(&mut fields, &reply.bound);
                assert_eq!(reply.code.is_success(), reply.code.0 == 0);
                let mut encoded = Vec::new();
                reply.encode(&mut encoded);
                Decoded {
                    fields,
                    encoded,
                    verdict: None,
                }
            }))
        },
        ignore: without_rsv,
        tolerated: &["reserved_nonzero"],
        normal: zero_rsv,
    }
    .check(vector);

    // Whatever is wrong with the rest, the code of a reply can be reported (R5-47).
    let code = match vector.octets.as_slice() {
        [5, code, ..] => Some(*code),
        _ => None,
    };
    let prefix = ReplyPrefix::peek(&vector.octets);
    assert_eq!(prefix.map(|prefix| prefix.code.0), code, "{}", vector.id);
}

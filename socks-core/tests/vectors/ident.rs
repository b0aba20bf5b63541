use serde_json::json;
use socks_core::{
    DecodeError,
    ident::{PortPair, Query, Response},
};

use crate::{
    fields::{self, Fields, object},
    stream::{Decoded, Stream},
    vector::Vector,
};

fn ports(ports: PortPair) -> Fields {
    object(json!({ "server_port": ports.server, "client_port": ports.client }))
}

pub(crate) fn query(vector: &Vector) {
    Stream {
        read: |src| {
            Ok(Query::decode(src)?.map(|query| {
                let mut encoded = Vec::new();
                query.encode(&mut encoded);
                Decoded {
                    fields: ports(query.ports),
                    encoded,
                    verdict: None,
                }
            }))
        },
        ignore: |_| {},
        tolerated: &[],
        normal: |octets| {
            let spaces = |octet: &u8| !matches!(octet, b' ' | b'\t');
            octets.iter().copied().filter(spaces).collect()
        },
    }
    .check(vector);
}

pub(crate) fn response(vector: &Vector) {
    Stream {
        read: |src| {
            Ok(Response::decode(src)?.map(|response| {
                let mut encoded = Vec::new();
                response.encode(&mut encoded);
                Decoded {
                    fields: response_fields(&response),
                    encoded,
                    verdict: None,
                }
            }))
        },
        ignore: |_| {},
        // Read like CR LF (ID-9).
        tolerated: &["bare_lf"],
        normal,
    }
    .check(vector);

    // An end of line within the limit but a user id beyond 512 octets (ID-15).
    if vector.id == "id-rep-userid-512" {
        let mut octets = vector.octets.clone();
        octets.insert(30, b'u');
        let result = Response::decode(&mut octets.as_slice());
        assert_eq!(result, Err(DecodeError::TooLong));
    }
}

fn response_fields(response: &Response) -> Fields {
    let mut fields = ports(response.ports);
    match &response.result {
        Ok(identity) => {
            fields.insert("type".into(), json!("USERID"));
            let opsys = identity.operating_system().as_str();
            fields.insert("opsys".into(), json!(opsys));
            let charset = identity.charset().map(|charset| charset.as_str());
            fields.insert("charset".into(), json!(charset));
            fields::octets(&mut fields, "userid", identity.user_id().as_bytes());
        }
        Err(token) => {
            fields.insert("type".into(), json!("ERROR"));
            fields.insert("error_token".into(), json!(token.as_str()));
        }
    }
    fields
}

/// No white space around tokens, which does not touch the user id, and CR LF at the end.
fn normal(octets: &[u8]) -> Vec<u8> {
    let line = std::str::from_utf8(octets).unwrap().trim_end();
    let parts: Vec<&str> = line.splitn(4, ':').collect();
    let [ports, kind, rest @ ..] = parts.as_slice() else {
        panic!("{line}");
    };
    let head = [ports.replace(' ', ""), kind.trim().to_owned()];
    let tail = match rest {
        [system, user_id] => vec![system.trim().to_owned(), (*user_id).to_owned()],
        other => other.iter().map(|token| token.trim().to_owned()).collect(),
    };
    let mut normal = [&head[..], &tail].concat().join(":");
    normal.push_str("\r\n");
    normal.into_bytes()
}

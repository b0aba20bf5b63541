use serde_json::{Value, json};
use socks_core::{
    tor::Isolation,
    username_password::{Request, Response},
};

use crate::{
    fields::{self, object, token},
    stream::{Decoded, Stream},
    vector::Vector,
};

pub(crate) fn request(vector: &Vector) {
    Stream {
        read: |src| {
            Ok(Request::decode(src)?.map(|request| {
                let username = request.username().as_bytes();
                let password = request.password().expose();
                let mut fields = object(json!({ "ver": 1 }));
                fields::octets(&mut fields, "uname", username);
                fields::octets(&mut fields, "passwd", password);
                let mut encoded = Vec::new();
                request.encode(&mut encoded);
                Decoded {
                    fields,
                    encoded,
                    verdict: match (username, password) {
                        ([], _) => Some("empty_username"),
                        (_, []) => Some("empty_password"),
                        _ => None,
                    },
                }
            }))
        },
        ignore: |_| {},
        tolerated: &[],
        normal: <[u8]>::to_vec,
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
                    fields: object(json!({ "ver": response.version, "status": response.status })),
                    encoded,
                    verdict: (response.version != 1).then_some("bad_version"),
                }
            }))
        },
        ignore: |_| {},
        tolerated: &[],
        normal: <[u8]>::to_vec,
    }
    .check(vector);
}

/// A login that is read once more for its isolation parameters.
pub(crate) fn isolation(vector: &Vector) {
    let id = &vector.id;
    let mut src = vector.octets.as_slice();
    let (username, password) = Request::decode(&mut src).unwrap().unwrap().into_parts();
    assert!(src.is_empty(), "{id}");

    let text = |secret: &socks_core::Secret| fields::text(secret.expose());
    let (format, object_id, isolation) = match Isolation::from_credentials(&username, &password) {
        Ok(Isolation::Legacy { .. }) => ("legacy", Value::Null, Value::Null),
        Ok(Isolation::Format0 { isolation }) => ("0", Value::Null, text(&isolation)),
        Ok(Isolation::Format1 {
            object_id,
            isolation,
        }) => ("1", text(&object_id), text(&isolation)),
        Ok(other) => panic!("{id}: {other:?}"),
        Err(error) => {
            assert_eq!(vector.error.as_deref(), Some(token(error)), "{id}");
            assert_eq!(vector.decoded, None, "{id}");
            return;
        }
    };
    assert_eq!(vector.error, None, "{id}");
    let found = object(json!({
        "ver": 1,
        "uname": fields::text(username.as_bytes()),
        "passwd": text(&password),
        "format": format,
        "object_id": object_id,
        "isolation": isolation,
    }));
    assert_eq!(Some(found), vector.decoded, "{id}");
}

use serde_json::{Value, json};
use socks_core::{DecodeError, gssapi::Message};

use crate::{
    fields::{Fields, hex, object, token},
    stream::{Decoded, Stream},
    vector::Vector,
};

pub(crate) fn frame(vector: &Vector) {
    if vector.id == "gss-mtyp-04" {
        // The vector shows that the frame could be delimited. The only answer to it is an abort
        // (GS-27), so our decoder refuses it, as soon as the type is known.
        assert_eq!(vector.error, None);
        for end in 2..=vector.octets.len() {
            let result = Message::decode(&mut &vector.octets[..end]);
            assert_eq!(result, Err(DecodeError::BadMessageType(4)));
        }
        return;
    }
    Stream {
        read: |src| {
            Ok(Message::decode(src)?.map(|message| {
                let mut encoded = Vec::new();
                message.encode(&mut encoded);
                assert_eq!(encoded.len(), message.encoded_len());
                Decoded {
                    fields: fields(message),
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

pub(crate) fn datagram(vector: &Vector) {
    let id = &vector.id;
    match Message::decode_datagram(&vector.octets) {
        Ok(token) => {
            let message = Message::Data(token);
            assert_eq!(Some(fields(message)), vector.decoded, "{id}");
            assert_eq!(vector.error, None, "{id}");
            let mut encoded = Vec::new();
            message.encode(&mut encoded);
            assert_eq!(encoded, vector.octets, "{id}");
            // Cut anywhere it is dropped; no later datagram completes it.
            for end in 0..vector.octets.len() {
                let cut = Message::decode_datagram(&vector.octets[..end]);
                let expected = match end {
                    0..4 => DecodeError::Truncated,
                    _ => DecodeError::LengthMismatch,
                };
                assert_eq!(cut, Err(expected), "{id} up to {end}");
            }
        }
        Err(error) => {
            assert_eq!(Some(token(error)), vector.error.as_deref(), "{id}");
            assert_eq!(vector.decoded, None, "{id}");
        }
    }
}

fn fields(message: Message<'_>) -> Fields {
    let octets = message.token().map(|token| token.as_bytes());
    object(json!({
        "ver": 1,
        "mtyp": message.message_type().octet(),
        "len": octets.map(<[u8]>::len),
        "token_hex": octets.map_or(Value::Null, |octets| json!(hex(octets))),
    }))
}

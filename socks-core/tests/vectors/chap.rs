use serde_json::{Value, json};
use socks_core::chap::{Attribute, Message};

use crate::{
    fields::{hex, object},
    stream::{Decoded, Stream},
    vector::Vector,
};

pub(crate) fn message(vector: &Vector) {
    Stream {
        read: |src| {
            Ok(Message::decode(src)?.map(|message| {
                let avas = message.assertions();
                let avas =
                    avas.map(|a| json!({ "att": a.attribute().0, "val_hex": hex(a.value()) }));
                let avas: Vec<Value> = avas.collect();
                let mut encoded = Vec::new();
                message.encode(&mut encoded);
                let empty_status = message.find(Attribute::STATUS) == Some(&[]);
                Decoded {
                    fields: object(json!({ "ver": 1, "avas": avas })),
                    encoded,
                    verdict: empty_status.then_some("empty_status"),
                }
            }))
        },
        ignore: |_| {},
        tolerated: &[],
        normal: <[u8]>::to_vec,
    }
    .check(vector);

    // Each attribute is found wherever it stands (CH-6).
    if let Ok(Some(message)) = Message::decode(&mut vector.octets.as_slice()) {
        assert_eq!(message.contradiction(), None, "{}", vector.id);
        for assertion in message.assertions() {
            let found = message.find(assertion.attribute());
            assert_eq!(found, Some(assertion.value()), "{}", vector.id);
        }
    }
    if let Some(check) = &vector.check {
        fields_of_check(vector, check);
    }
}

/// The inputs and the result of a response, as far as they travel in this message.
fn fields_of_check(vector: &Vector, check: &Value) {
    let message = Message::decode(&mut vector.octets.as_slice())
        .unwrap()
        .unwrap();
    let found = |attribute| message.find(attribute).map(|value| json!(hex(value)));
    let mut compared = 0;
    for (attribute, expected) in [
        (Attribute::CHALLENGE, &check["challenge_hex"]),
        (Attribute::RESPONSE, &check["response_hex"]),
    ] {
        if let Some(found) = found(attribute) {
            assert_eq!(found, *expected, "{}", vector.id);
            compared += 1;
        }
    }
    assert!(compared > 0, "{}", vector.id);
    if let Some(identifier) = message.find(Attribute::IDENTIFIER) {
        assert_eq!(
            json!(identifier),
            json!([check["identifier"]]),
            "{}",
            vector.id
        );
    }
}

use std::{collections::BTreeMap, time::Duration};

use serde_json::{Value, json};
use socks_core::{
    DecodeError,
    udp::{Action, Reassembler},
    v5::UdpHeader,
};

use crate::{
    fields::{self, hex, object, token},
    vector::Vector,
};

pub(crate) fn datagram(vector: &Vector) {
    let id = &vector.id;
    let error = vector.error.as_deref();
    let mut src = vector.octets.as_slice();
    let header = match UdpHeader::decode(&mut src) {
        Ok(header) => header,
        Err(found) => {
            assert_eq!(Some(token(found)), error, "{id}");
            assert_eq!(src.len(), vector.octets.len(), "{id}");
            // A name of no octets is refused here, though it could be delimited (UD-27).
            let delimited = found == DecodeError::EmptyDomain;
            assert_eq!(vector.decoded.is_some(), delimited, "{id}");
            return;
        }
    };
    let mut found = object(json!({
        "frag": header.fragment,
        "data_hex": hex(src),
        "header_len": header.encoded_len(),
    }));
    fields::address(&mut found, &header.address);
    let mut expected = vector.decoded.clone().unwrap_or_else(|| panic!("{id}"));
    let reserved = expected.remove("rsv").unwrap();
    assert_eq!(found, expected, "{id}");

    if reserved == 0 {
        assert_eq!(verdict(&header), error, "{id}");
    } else {
        // Accepted (UD-14).
        assert_eq!(error, Some("reserved_nonzero"), "{id}");
    }
    let mut encoded = Vec::new();
    header.encode(&mut encoded);
    encoded.extend_from_slice(src);
    assert_eq!(encoded[..2], [0, 0]);
    assert_eq!(encoded[2..], vector.octets[2..], "{id}");

    for end in 0..header.encoded_len() {
        let cut = UdpHeader::decode(&mut &vector.octets[..end]);
        assert_eq!(cut, Err(DecodeError::Truncated), "{id} up to {end}");
    }
}

/// What a relay without reassembly finds wrong with a header (UD-25, UD-27, UD-29).
fn verdict(header: &UdpHeader) -> Option<&'static str> {
    fields::name_verdict(&header.address)
        .or((header.address.port() == 0).then_some("port_zero"))
        .or(match header.fragment {
            0 => None,
            0x80 => Some("bad_fragment"),
            _ => Some("fragment"),
        })
}

/// Feeds each sequence to a reassembler of its own, and returns the number of steps.
pub(crate) fn sequences(vectors: &[Vector]) -> usize {
    let mut steps = 0;
    let mut reassemblers = BTreeMap::new();
    for vector in vectors {
        let Some(sequence) = &vector.sequence else {
            continue;
        };
        let (reassembler, done) = reassemblers
            .entry(sequence["name"].as_str().unwrap())
            .or_insert_with(|| (Reassembler::new(65_507), 0));
        *done += 1;
        assert_eq!(
            sequence["step"],
            json!(*done),
            "{} is out of order",
            vector.id
        );
        step(reassembler, vector, sequence);
        steps += 1;
    }
    steps
}

fn step(reassembler: &mut Reassembler, vector: &Vector, sequence: &Value) {
    let mut data = vector.octets.as_slice();
    let header = UdpHeader::decode(&mut data).unwrap();
    let outcome = reassembler.push(&header, data, Duration::ZERO);
    let (action, delivered) = match outcome.action {
        Action::Queued => ("queue", Value::Null),
        Action::Dropped => ("drop", Value::Null),
        Action::Deliver(data) => ("deliver", json!(hex(&data))),
    };
    let reset = if outcome.abandoned { "reset_" } else { "" };
    let found = format!("{reset}{action}");
    assert_eq!(sequence["expect"], json!(found), "{}", vector.id);
    assert_eq!(sequence["deliver_hex"], delivered, "{}", vector.id);
}

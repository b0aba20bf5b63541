use std::fs;

use serde_json::{Map, Value};

/// One entry of the file, as `docs/protocol/README.md` describes it.
pub(crate) struct Vector {
    pub(crate) id: String,
    pub(crate) kind: String,
    pub(crate) octets: Vec<u8>,
    pub(crate) decoded: Option<Map<String, Value>>,
    pub(crate) error: Option<String>,
    pub(crate) consumed: usize,
    pub(crate) sequence: Option<Value>,
    pub(crate) check: Option<Value>,
}

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/vectors/vectors.json");

pub(crate) fn load() -> Vec<Vector> {
    let text = fs::read_to_string(PATH).unwrap();
    let entries: Vec<Value> = serde_json::from_str(&text).unwrap();
    entries.iter().map(Vector::new).collect()
}

impl Vector {
    fn new(entry: &Value) -> Self {
        let octets = unhex(entry["hex"].as_str().unwrap());
        let consumed = entry.get("consumed").map(|n| n.as_u64().unwrap());
        Self {
            id: text(&entry["id"]),
            kind: text(&entry["kind"]),
            consumed: consumed.map_or(octets.len(), |n| usize::try_from(n).unwrap()),
            octets,
            decoded: entry["decoded"].as_object().cloned(),
            error: entry["error"].as_str().map(str::to_owned),
            sequence: entry.get("sequence").cloned(),
            check: entry.get("check").cloned(),
        }
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

pub(crate) fn unhex(hex: &str) -> Vec<u8> {
    assert!(hex.len().is_multiple_of(2), "{hex}");
    let digits: Vec<char> = hex.chars().collect();
    let octet = |pair: &[char]| u8::from_str_radix(&String::from_iter(pair), 16).unwrap();
    digits.chunks(2).map(octet).collect()
}

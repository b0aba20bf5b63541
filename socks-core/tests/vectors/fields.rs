//! Our types as the field names of the vectors.

use serde_json::{Map, Value, json};
use socks_core::{Address, Command, DecodeError, NameError};

pub(crate) type Fields = Map<String, Value>;

/// The token that the vectors have for an error of a decoder.
pub(crate) fn token(error: DecodeError) -> &'static str {
    match error {
        DecodeError::BadVersion(_) => "bad_version",
        DecodeError::UnknownCommand(_) => "unknown_command",
        DecodeError::UnknownAddressType(_) => "unknown_atyp",
        DecodeError::EmptyDomain => "empty_domain",
        DecodeError::NulInDomain => "nul_in_domain",
        DecodeError::TooLong => "too_long",
        DecodeError::Truncated => "truncated",
        DecodeError::BadFragment => "bad_fragment",
        DecodeError::BadMessageType(_) => "bad_mtyp",
        DecodeError::LengthMismatch => "length_mismatch",
        DecodeError::BadPort => "bad_port",
        DecodeError::BadLine => "bad_reply",
        DecodeError::BadIsolationFormat => "tor_bad_format",
        other => panic!("no token for {other:?}"),
    }
}

pub(crate) fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

/// Text if every octet is printable ASCII, else null.
pub(crate) fn text(octets: &[u8]) -> Value {
    let printable = octets.iter().all(|octet| matches!(octet, b' '..=b'~'));
    match std::str::from_utf8(octets) {
        Ok(text) if printable => json!(text),
        _ => Value::Null,
    }
}

/// `name_hex`, and `name` as text.
pub(crate) fn octets(fields: &mut Fields, name: &str, octets: &[u8]) {
    fields.insert(format!("{name}_hex"), json!(hex(octets)));
    fields.insert(name.into(), text(octets));
}

/// ATYP, address and port of SOCKS5.
pub(crate) fn address(fields: &mut Fields, address: &Address) {
    let atyp = match address {
        Address::Socket(socket) => {
            let octets = match socket.ip() {
                std::net::IpAddr::V4(ip) => ip.octets().to_vec(),
                std::net::IpAddr::V6(ip) => ip.octets().to_vec(),
            };
            fields.insert("addr".into(), json!(socket.ip().to_string()));
            fields.insert("addr_hex".into(), json!(hex(&octets)));
            if socket.is_ipv4() { 1 } else { 4 }
        }
        Address::Domain(domain, _) => {
            octets(fields, "domain", domain.as_bytes());
            3
        }
    };
    fields.insert("atyp".into(), json!(atyp));
    fields.insert("port".into(), json!(address.port()));
}

pub(crate) fn object(value: Value) -> Fields {
    value.as_object().unwrap().clone()
}

/// What a server finds wrong with a request after it was decoded, in the vectors' order: command,
/// address, port.
pub(crate) fn request_verdict(command: Command, destination: &Address) -> Option<&'static str> {
    // Unknown where the extension is off, which is the default (TO-1).
    if matches!(command, Command::Resolve | Command::ResolvePtr) {
        return Some("unknown_command");
    }
    name_verdict(destination).or_else(|| {
        let connect = command == Command::Connect;
        (connect && destination.port() == 0).then_some("port_zero")
    })
}

/// The vectors judge NUL and octets above 7F only; the other rules for host names come later.
pub(crate) fn name_verdict(address: &Address) -> Option<&'static str> {
    match address.canonical() {
        Err(NameError::Nul) => Some("nul_in_domain"),
        Err(NameError::NonAscii) => Some("non_ascii_domain"),
        _ => None,
    }
}

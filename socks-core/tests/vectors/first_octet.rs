use socks_core::FirstOctet;

use crate::vector::Vector;

pub(crate) fn detect(vector: &Vector) {
    let first = vector.octets[0];
    let expected = match vector.decoded.as_ref().map(|fields| &fields["protocol"]) {
        Some(protocol) => match protocol.as_str().unwrap() {
            "socks4" => FirstOctet::Socks4,
            "socks5" => FirstOctet::Socks5,
            "http" => FirstOctet::Http,
            // Recognizable, and treated as any other protocol that is not spoken here.
            "socks6" | "tls" => FirstOctet::Unknown(first),
            other => panic!("{}: {other}", vector.id),
        },
        None => {
            assert_eq!(vector.error.as_deref(), Some("unknown_protocol"));
            FirstOctet::Unknown(first)
        }
    };
    assert_eq!(FirstOctet::detect(first), expected, "{}", vector.id);
}

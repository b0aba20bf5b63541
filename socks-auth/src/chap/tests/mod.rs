mod authenticator;
mod client;
mod file;
mod server;

use std::sync::{Arc, LazyLock};

use serde_json::Value;

use socks_core::{
    Method, Secret, UserName,
    chap::{Algorithm, Assertion, Attribute, Challenge, Message, Prover},
    message::{AuthRequest, Authentication, ConnInfo, Credentials, Endpoint, SessionId, Version},
};
use tower::ServiceExt;

use super::{ChapAuthenticator, ChapKey, ChapSecrets};

const VECTORS: &str = include_str!("../../../../tests/vectors/vectors.json");

/// The octets of a vector of `tests/vectors`.
fn vector(id: &str) -> Vec<u8> {
    unhex(entry(id)["hex"].as_str().unwrap())
}

fn entry(id: &str) -> &'static Value {
    static ENTRIES: LazyLock<Vec<Value>> = LazyLock::new(|| serde_json::from_str(VECTORS).unwrap());
    ENTRIES.iter().find(|entry| entry["id"] == id).unwrap()
}

fn unhex(hex: &str) -> Vec<u8> {
    let digits: Vec<char> = hex.chars().collect();
    let octet = |pair: &[char]| u8::from_str_radix(&String::from_iter(pair), 16).unwrap();
    digits.chunks(2).map(octet).collect()
}

fn message(assertions: &[(Attribute, &[u8])]) -> Vec<u8> {
    let assertions: Vec<_> = assertions
        .iter()
        .map(|(attribute, value)| Assertion::new(*attribute, value).unwrap())
        .collect();
    let mut octets = Vec::new();
    Message::new(&assertions).unwrap().encode(&mut octets);
    octets
}

fn key(secret: &str) -> ChapKey {
    ChapKey::new(secret.into()).unwrap()
}

/// What RFC 2202 asks in its second test case, and what the vectors ask with it.
const JEFE: &[u8] = b"what do ya want for nothing?";

fn challenge(octets: &[u8]) -> Challenge {
    Challenge::new(Algorithm::HMAC_MD5, 0, Secret::new(octets))
}

fn credentials(
    username: impl Into<UserName>,
    challenge: Challenge,
    response: &[u8],
) -> Credentials {
    Credentials::Chap {
        username: username.into(),
        challenge,
        response: Secret::new(response),
        mutual: None,
    }
}

async fn ask<S: ChapSecrets>(
    authenticator: &ChapAuthenticator<S>,
    credentials: Credentials,
) -> Authentication {
    let end = Endpoint::Unnamed;
    let conn = ConnInfo::new(SessionId(7), Version::Socks5, end.clone(), end);
    let request = AuthRequest::new(Arc::new(conn), Method::CHAP, credentials);
    authenticator.clone().oneshot(request).await.unwrap()
}

/// CH-13, CH-16, CH-18: the digests of the vectors, RFC 2202's second test case among them.
#[test]
fn digests() {
    for id in ["chap-response", "chap-status-mutual", "chap-md5-identifier"] {
        let check = &entry(id)["check"];
        let octets = |field: &str| unhex(check[field].as_str().unwrap());
        let (algorithm, identifier) = match check["alg"].as_str().unwrap() {
            "hmac-md5" => (Algorithm::HMAC_MD5, 0),
            "chap-md5" => (Algorithm::MD5, check["identifier"].as_u64().unwrap()),
            other => panic!("{other}"),
        };
        let identifier = u8::try_from(identifier).unwrap();
        let asked = Challenge::new(algorithm, identifier, Secret::new(&octets("challenge_hex")));
        let key = ChapKey::new(Secret::new(&octets("secret_hex"))).unwrap();
        let response = key.respond(&asked).unwrap();
        assert_eq!(response.expose(), octets("response_hex"), "{id}");
        assert!(key.verify(&asked, response.expose()));
        assert!(!key.verify(&asked, &response.expose()[..15]));
        assert!(!key.verify(&asked, b""));
    }
}

/// CH-16, CH-25: an algorithm that is not known, and MD5 without its identifier, prove nothing.
#[test]
fn other_algorithms_have_no_response() {
    let mut asked = challenge(JEFE);
    asked.algorithm = Algorithm::MD5;
    assert!(key("Jefe").respond(&asked).is_none());
    asked.algorithm = Algorithm(0x06);
    assert!(key("Jefe").respond(&asked).is_none());
    assert!(!key("Jefe").verify(&asked, b""));
}

/// CH-22: 32 octets, never the same twice.
#[test]
fn challenges_are_fresh() {
    let challenges: Vec<_> = (0..100)
        .map(|_| key("x").random_challenge().unwrap().expose().to_vec())
        .collect();
    assert!(challenges.iter().all(|challenge| challenge.len() == 32));
    let distinct: std::collections::HashSet<_> = challenges.iter().collect();
    assert_eq!(distinct.len(), 100);
}

#[test]
fn secrets_are_1_to_255_octets() {
    assert!(ChapKey::new("".into()).is_err());
    assert!(ChapKey::new(Secret::new(&[1; 255])).is_ok());
    assert!(ChapKey::new(Secret::new(&[1; 256])).is_err());
    assert!(super::client("", "x").is_err());
    assert!(super::client("alice", "").is_err());
}

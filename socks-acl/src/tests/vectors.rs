use serde_json::Value;
use socks_core::{ReplyCode, message::Verdict, v5};
use tower::ServiceExt;

use super::{PUBLIC, request};
use crate::{AllowAll, SafeDefault};

/// The requests of the vector table that the safe default refuses, with their names.
fn requests() -> Vec<(String, v5::Request)> {
    let table = include_str!("../../../tests/vectors/vectors.json");
    let table: Vec<Value> = serde_json::from_str(table).unwrap();
    let refused = |id: &str| id.starts_with("v5-acl-") || id == "v5-req-domain-localhost";
    let mut requests = Vec::new();
    for vector in table {
        let id = vector["id"].as_str().unwrap();
        if refused(id) {
            let octets = octets(vector["hex"].as_str().unwrap());
            let request = v5::Request::decode(&mut &octets[..]).unwrap().unwrap();
            requests.push((id.to_owned(), request));
        }
    }
    requests
}

fn octets(hex: &str) -> Vec<u8> {
    let pairs = (0..hex.len()).step_by(2).map(|at| &hex[at..at + 2]);
    pairs
        .map(|pair| u8::from_str_radix(pair, 16).unwrap())
        .collect()
}

/// SE-5, SE-6, SE-7, SE-8, SE-9, SE-10: every such vector is refused with 02, as it stands on the
/// wire and in canonical form.
#[tokio::test]
async fn every_vector_is_refused() {
    let requests = requests();
    assert!(requests.len() >= 24, "{}", requests.len());
    for (id, asked) in requests {
        let canonical = asked.destination.canonical().unwrap();
        for destination in [asked.destination, canonical] {
            let question = request(PUBLIC, asked.command, destination);
            let verdict = SafeDefault::new().oneshot(question).await.unwrap();
            assert!(
                matches!(&verdict, Verdict::Deny(denial) if denial.code == ReplyCode::NOT_ALLOWED),
                "{id}: {verdict:?}"
            );
        }
    }
}

#[tokio::test]
async fn allow_all_allows_them() {
    for (id, asked) in requests() {
        let question = request(PUBLIC, asked.command, asked.destination);
        let verdict = AllowAll::new().oneshot(question).await.unwrap();
        assert!(matches!(verdict, Verdict::Allow(_)), "{id}");
    }
}

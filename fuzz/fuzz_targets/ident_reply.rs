//! An ident server's answer: arbitrary octets never panic, never make the reader wait beyond its
//! limit, come to the same however they are cut, and what was read is the same when it is written
//! and read again.
//!
//! Run it on a stable toolchain by
//! `RUSTC_BOOTSTRAP=1 cargo fuzz run ident_reply -- -max_total_time=60`.
#![no_main]

use libfuzzer_sys::fuzz_target;
use socks_core::{
    DecodeError, UserId,
    ident::{Query, Response},
    message::IdentHint,
};

/// As a server reads: what has arrived, after each octet.
fn piecewise(octets: &[u8]) -> Result<Option<(Response, usize)>, DecodeError> {
    for len in 0..=octets.len().min(Response::MAX_LEN) {
        let mut src = &octets[..len];
        match Response::decode(&mut src) {
            Ok(None) => assert_eq!(src.len(), len, "nothing consumed"),
            Ok(Some(response)) => return Ok(Some((response, len - src.len()))),
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

fuzz_target!(|octets: &[u8]| {
    let mut src = octets;
    let whole = Response::decode(&mut src);
    let whole = whole.map(|response| response.map(|response| (response, octets.len() - src.len())));
    assert_eq!(piecewise(octets), whole);
    assert!(
        octets.len() < Response::MAX_LEN || whole != Ok(None),
        "a reader gives up"
    );

    if let Ok(query) = Query::decode(&mut &*octets) {
        let mut again = Vec::new();
        if let Some(query) = query {
            query.encode(&mut again);
            assert_eq!(Query::decode(&mut again.as_slice()), Ok(Some(query)));
        }
    }
    let Ok(Some((response, _))) = whole else {
        return;
    };
    let mut again = Vec::new();
    response.encode(&mut again);
    assert!(again.len() <= 663);
    assert_eq!(
        Response::decode(&mut again.as_slice()),
        Ok(Some(response.clone()))
    );
    let Ok(answer) = response.result else {
        return;
    };
    let claim = UserId::new(answer.trimmed()).expect("no longer than what was read");
    assert_eq!(
        answer.confirms(&claim),
        answer.names_user() && answer.equals(&claim)
    );
    let hint = IdentHint::new(answer);
    let shown = format!("{hint} {hint:?}");
    assert!(
        shown.chars().all(|char| matches!(char, ' '..='~' | '…')),
        "{shown}"
    );
});

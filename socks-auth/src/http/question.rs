use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use serde::Serialize;
use socks_core::{Secret, UserName, message::ConnInfo};
use zeroize::Zeroizing;

use super::error::{HttpError, Kind};

/// What is posted. Names and passwords are octets (`UP-15`): the `_base64` fields hold them as they
/// are, and the plain fields hold them if they are UTF-8, else null, so that no two logins look
/// alike to a service that reads only one of the two.
#[derive(Serialize)]
struct Question<'a> {
    username: Option<&'a str>,
    username_base64: String,
    password: Option<&'a str>,
    password_base64: &'a str,
    client: String,
    client_address: Option<std::net::IpAddr>,
    local: String,
    listener: Option<&'a str>,
    version: String,
    session: u64,
}

/// Room for the longest name and password, every octet of them escaped, so that no copy of a
/// password stays behind as the buffer grows.
const ROOM: usize = 8 * 1024;

/// As JSON, wiped when the last of it is dropped.
pub(super) fn question(
    username: &UserName,
    password: &Secret,
    conn: &ConnInfo,
) -> Result<Bytes, HttpError> {
    let password = password.expose();
    let password_base64 = Zeroizing::new(STANDARD.encode(password));
    let question = Question {
        username: username.as_str(),
        username_base64: STANDARD.encode(username.as_bytes()),
        password: str::from_utf8(password).ok(),
        password_base64: &password_base64,
        client: conn.peer.to_string(),
        client_address: conn.peer.ip(),
        local: conn.local.to_string(),
        listener: conn.listener.as_deref(),
        version: conn.version.to_string(),
        session: conn.id.0,
    };
    let mut json = Zeroizing::new(Vec::with_capacity(ROOM));
    serde_json::to_writer(&mut *json, &question)
        .map_err(|_| Kind::Answer("the question cannot be written as JSON"))?;
    Ok(Bytes::from_owner(json))
}

use serde::Deserialize;
use socks_core::{
    Method, UserName,
    message::{Authentication, Identity},
};

use super::error::{HttpError, Kind};

/// Other fields are left for what services may want to say to others.
#[derive(Deserialize)]
struct Answer {
    allow: bool,
    #[serde(default)]
    groups: Vec<String>,
    user: Option<String>,
}

/// In octets.
pub(super) const MAX_LENGTH: usize = 64 * 1024;

/// What the body of an answer with status 200 decides. `username` is the name that was sent.
pub(super) fn decide(body: &[u8], username: &UserName) -> Result<Authentication, HttpError> {
    // Its error would tell what stands in the answer.
    let answer: Answer = serde_json::from_slice(body).map_err(|_| {
        Kind::Answer("expected an answer {\"allow\": true or false, \"groups\": […], \"user\": …}")
    })?;
    if !answer.allow {
        return Ok(Authentication::rejected());
    }
    let user = match answer.user {
        Some(user) if (1..=255).contains(&user.len()) => user.as_str().into(),
        Some(_) => return Err(Kind::Answer("expected a user of 1 to 255 octets").into()),
        None => username.clone(),
    };
    let identity = Identity::user(user, Method::USERNAME_PASSWORD);
    Ok(Authentication::Accepted(answer.groups.into_iter().fold(
        identity,
        |identity, group| match identity.groups.iter().any(|known| **known == *group) {
            true => identity,
            false => identity.group(group),
        },
    )))
}

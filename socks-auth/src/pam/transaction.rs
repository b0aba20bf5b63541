use std::{
    ffi::{OsStr, OsString},
    net::IpAddr,
    os::unix::ffi::{OsStrExt, OsStringExt},
};

use nonstick::{
    AuthnFlags, Conversation, ErrorCode, PamShared, Transaction, TransactionBuilder,
    conv::Exchange,
    items::{Items, ItemsMut},
};
use socks_core::{Secret, UserName};

use super::error::{Kind, PamError};

/// One login, as PAM is told of it.
pub(super) struct Login<'a> {
    pub(super) service: &'a str,
    pub(super) username: &'a UserName,
    pub(super) password: &'a Secret,
    pub(super) client: Option<IpAddr>,
    pub(super) allow_empty_passwords: bool,
}

/// The user, by the name that PAM has in the end, if the password is right and the account may be
/// used. Blocks.
pub(super) fn login(login: &Login<'_>) -> Result<Option<UserName>, PamError> {
    // C strings end at a NUL (`UP-16`): such a name or password would be another one there.
    let octets = [login.username.as_bytes(), login.password.expose()];
    if octets.iter().any(|octets| octets.contains(&0)) {
        return Ok(None);
    }
    match transact(login) {
        Ok(user) if (1..=255).contains(&user.len()) => Ok(Some(user.as_slice().into())),
        Ok(_) => Err(Kind::User.into()),
        Err(error) if is_refusal(error) => Ok(None),
        Err(error) => Err(Kind::Library(error).into()),
    }
}

fn transact(login: &Login<'_>) -> nonstick::Result<Vec<u8>> {
    let flags = match login.allow_empty_passwords {
        true => AuthnFlags::SILENT,
        false => AuthnFlags::SILENT | AuthnFlags::DISALLOW_NULL_AUTHTOK,
    };
    let mut transaction = TransactionBuilder::new_with_service(login.service)
        .username(OsStr::from_bytes(login.username.as_bytes()))
        .build(Answers(login.password.clone()))?;
    if let Some(client) = login.client {
        let client = OsString::from(client.to_string());
        transaction.items_mut().set_remote_host(Some(&client))?;
    }
    transaction.authenticate(flags)?;
    transaction.account_management(flags)?;
    // A module may have mapped the name.
    let user = transaction.items().user()?;
    user.map(OsString::into_vec).ok_or(ErrorCode::UserUnknown)
}

/// Whether it is about the user, not about PAM.
pub(super) fn is_refusal(error: ErrorCode) -> bool {
    matches!(
        error,
        ErrorCode::PermissionDenied
            | ErrorCode::AuthenticationError
            | ErrorCode::CredentialsInsufficient
            | ErrorCode::UserUnknown
            | ErrorCode::MaxTries
            | ErrorCode::NewAuthTokRequired
            | ErrorCode::AccountExpired
            | ErrorCode::CredentialsExpired
            | ErrorCode::AuthTokExpired
            // A module asked for more than a password.
            | ErrorCode::ConversationError
    )
}

/// Answers prompts for a password, and nothing else: a prompt with echo asks for a name or for a
/// second factor, and the password is not for showing.
pub(super) struct Answers(pub(super) Secret);

impl Conversation for Answers {
    fn communicate(&self, messages: &[Exchange<'_>]) {
        for message in messages {
            match message {
                Exchange::MaskedPrompt(prompt) => {
                    let password = OsString::from_vec(self.0.expose().to_vec());
                    prompt.set_answer(Ok(password));
                }
                Exchange::Error(message) => message.set_answer(Ok(())),
                Exchange::Info(message) => message.set_answer(Ok(())),
                other => other.set_error(ErrorCode::ConversationError),
            }
        }
    }
}

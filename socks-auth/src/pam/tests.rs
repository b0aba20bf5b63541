//! What can be tested without a service of the system. The interoperability suite makes one.

use std::ffi::{OsStr, OsString};

use nonstick::{
    Conversation, ErrorCode,
    conv::{BinaryQAndA, ErrorMsg, InfoMsg, MaskedQAndA, QAndA, RadioQAndA},
};
use socks_core::Secret;

use super::{
    Pam,
    groups::groups,
    transaction::{Answers, Login, is_refusal, login},
};

/// A service that is not there would be another one, `other`.
#[test]
fn a_service_must_be_there() {
    for name in ["", ".", "..", "../passwd", "a/b", "a b", "a\0", "\u{e9}"] {
        let error = Pam::new(name).unwrap_err().to_string();
        assert!(
            error.starts_with("expected the name of a PAM service"),
            "{name}: {error}"
        );
    }
    let error = Pam::new("socks-auth-is-not-there").unwrap_err().to_string();
    assert!(error.starts_with("there is no such service"), "{error}");
}

/// UP-23: the password goes where a password is asked for, and nowhere else.
#[test]
fn only_password_prompts_are_answered() {
    let answers = Answers(Secret::from("secret"));
    let masked = MaskedQAndA::new(OsStr::new("Password: "));
    let echoed = QAndA::new(OsStr::new("Code: "));
    let radio = RadioQAndA::new(OsStr::new("Yes?"));
    let binary = BinaryQAndA::new((b"key", 7));
    let error = ErrorMsg::new(OsStr::new("locked"));
    let info = InfoMsg::new(OsStr::new("hello"));
    answers.communicate(&[
        masked.exchange(),
        echoed.exchange(),
        radio.exchange(),
        binary.exchange(),
        error.exchange(),
        info.exchange(),
    ]);
    assert_eq!(masked.answer(), Ok(OsString::from("secret")));
    assert_eq!(echoed.answer(), Err(ErrorCode::ConversationError));
    assert_eq!(radio.answer(), Err(ErrorCode::ConversationError));
    assert_eq!(binary.answer(), Err(ErrorCode::ConversationError));
    assert_eq!((error.answer(), info.answer()), (Ok(()), Ok(())));
}

/// UP-16: nothing is cut off at a NUL; PAM is not even asked.
#[test]
fn a_nul_is_nobody() {
    for (username, password) in [("root\0", "secret"), ("root", "secret\0x")] {
        let refused = login(&Login {
            service: "socks-auth-is-not-there",
            username: &username.into(),
            password: &password.into(),
            client: None,
            allow_empty_passwords: false,
        });
        assert!(refused.unwrap().is_none());
    }
}

/// UP-17: what is about PAM itself is an error, what is about the user a refusal.
#[test]
fn refusals_and_errors() {
    for refusal in [
        ErrorCode::AuthenticationError,
        ErrorCode::UserUnknown,
        ErrorCode::AccountExpired,
        ErrorCode::NewAuthTokRequired,
        ErrorCode::PermissionDenied,
    ] {
        assert!(is_refusal(refusal));
    }
    for error in [
        ErrorCode::SystemError,
        ErrorCode::ServiceError,
        ErrorCode::AuthInfoUnavailable,
        ErrorCode::Abort,
        ErrorCode::Ignore,
    ] {
        assert!(!is_refusal(error));
    }
}

#[test]
fn groups_of_the_system() {
    assert!(groups(&"root".into()).unwrap().contains(&"root".into()));
    for nobody in [&b"socks-auth-is-not-there"[..], b"", b"\xff", b"root\0"] {
        assert!(groups(&nobody.into()).unwrap().is_empty());
    }
}

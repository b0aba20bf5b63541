use alloc::vec::Vec;

use super::*;
use crate::{Address, Command, DecodeError, Method, ReplyCode, UserId, v4};

fn connect(authenticated: Authenticated) -> AwaitingReply {
    let destination = Address::domain("example.com", 443).unwrap();
    authenticated.request(Command::Connect, destination, &mut Vec::new())
}

fn negotiated(mut socks5: Socks5, mut answers: &[u8]) -> Result<Authenticated, ClientError> {
    let mut output = Vec::new();
    socks5 = socks5.or(UsernamePassword::new("user", "pass").unwrap());
    let negotiating = socks5
        .greet(&mut output)
        .receive(&mut answers)?
        .next()
        .unwrap();
    Ok(negotiating.step(&mut answers, &mut output)?.done().unwrap())
}

/// R5-15, SE-37: a method that was not offered is not obeyed.
#[test]
fn an_unoffered_method_is_an_error() {
    let only = Socks5::only(UsernamePassword::new("user", "pass").unwrap());
    let mut output = Vec::new();
    let greeted = only.greet(&mut output);
    assert_eq!(output, [5, 1, 2]);
    let error = greeted.receive(&mut &[5, 0][..]).unwrap_err();
    assert_eq!(
        error,
        ClientError::MethodNotOffered(Method::NO_AUTHENTICATION)
    );
}

/// R5-14, R5-20: FF and foreign versions end the handshake.
#[test]
fn bad_selections_are_errors() {
    let receive = |mut answer: &[u8]| {
        Socks5::new()
            .greet(&mut Vec::new())
            .receive(&mut answer)
            .unwrap_err()
    };
    assert_eq!(receive(&[5, 0xff]), ClientError::NoAcceptableMethod);
    assert_eq!(
        receive(&[4, 0]),
        ClientError::Malformed(DecodeError::BadVersion(4))
    );
}

/// UP-2, UP-10, UP-11: credentials go out after the selection; only status 00 is success, and the
/// version octet does not matter unless strict.
#[test]
fn login() {
    assert!(negotiated(Socks5::new(), &[5, 2, 1, 0]).is_ok());
    assert!(negotiated(Socks5::new(), &[5, 2, 5, 0]).is_ok());
    let failed = negotiated(Socks5::new(), &[5, 2, 1, 0xff]).unwrap_err();
    assert_eq!(failed, ClientError::AuthenticationFailed);

    let strict = UsernamePassword::new("user", "pass").unwrap().strict(true);
    let mut output = Vec::new();
    let mut input: &[u8] = &[5, 2, 5, 0];
    let negotiating = Socks5::only(strict)
        .greet(&mut output)
        .receive(&mut input)
        .unwrap()
        .next()
        .unwrap();
    let error = negotiating.step(&mut input, &mut output).unwrap_err();
    assert_eq!(error, ClientError::Malformed(DecodeError::BadVersion(5)));
    assert_eq!(output, b"\x05\x01\x02\x01\x04user\x04pass");
}

/// UP-2: a login goes out before the selection only if nothing else was offered, and only once.
#[test]
fn sending_ahead() {
    let login = UsernamePassword::new("user", "pass").unwrap();
    let mut output = Vec::new();
    let mut greeted = Socks5::only(login.clone()).greet(&mut output);
    assert!(greeted.send_ahead(&mut output));
    assert_eq!(output, b"\x05\x01\x02\x01\x04user\x04pass");
    let mut input: &[u8] = &[5, 2, 1, 0];
    let negotiating = greeted.receive(&mut input).unwrap().next().unwrap();
    output.clear();
    let progress = negotiating.step(&mut input, &mut output).unwrap();
    assert!(progress.done().is_some() && output.is_empty());

    for offer in [
        Socks5::new().or(login.clone()),
        Socks5::only(login).or_no_authentication(),
    ] {
        let mut greeted = offer.greet(&mut Vec::new());
        assert!(!greeted.send_ahead(&mut output) && output.is_empty());
    }
    assert!(Socks5::new().greet(&mut Vec::new()).send_ahead(&mut output) && output.is_empty());
}

/// UP-4, UP-6, UP-7: a client never sends an empty field.
#[test]
fn empty_credentials_cannot_be_sent() {
    assert!(UsernamePassword::new("", "pass").is_err());
    assert!(UsernamePassword::new("user", "").is_err());
}

/// R5-46, R5-53: BND of each kind is read, and what follows the reply is the caller's.
#[test]
fn payload_behind_the_reply_is_kept() {
    for reply in [
        &b"\x05\x00\x00\x01\xc6\x33\x64\x05\xc0\x00hi"[..],
        b"\x05\x00\x00\x03\x01p\xc0\x00hi",
        b"\x05\x00\x00\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\xc0\x00hi",
    ] {
        let mut input = reply;
        let authenticated = negotiated(Socks5::new(), &[5, 0]).unwrap();
        let granted = connect(authenticated)
            .receive(&mut input)
            .unwrap()
            .next()
            .unwrap();
        assert_eq!(granted.bound().port(), 0xc000);
        assert_eq!(input, b"hi");
    }
}

/// R5-47, R5-48: the code counts even when the rest of the reply is damaged or missing, and an
/// unassigned code keeps its number.
#[test]
fn a_damaged_failure_is_still_that_failure() {
    let awaiting = || connect(negotiated(Socks5::new(), &[5, 0]).unwrap());
    let error = awaiting()
        .receive(&mut &[5, 1, 0, 0, 0, 0, 0, 0, 0, 0][..])
        .unwrap_err();
    assert_eq!(error, ClientError::Refused(ReplyCode::GENERAL_FAILURE));
    assert_eq!(
        awaiting().end_of_stream(&[5, 5]),
        ClientError::Refused(ReplyCode::CONNECTION_REFUSED)
    );
    assert_eq!(awaiting().end_of_stream(&[5]), ClientError::UnexpectedEnd);
    assert_eq!(
        awaiting().end_of_stream(&[5, 0, 0]),
        ClientError::UnexpectedEnd
    );
    let error = awaiting()
        .receive(&mut &[5, 0xee, 0, 1, 0, 0, 0, 0, 0, 0][..])
        .unwrap_err();
    assert_eq!(error.reply_code(), Some(ReplyCode(0xee)));
}

fn request4(command: Command) -> v4::Request {
    let destination = Address::Socket("192.0.2.20:21".parse().unwrap());
    v4::Request::new(command, destination, UserId::new(b"Fred").unwrap()).unwrap()
}

/// S4-20, S4-21, S4-25: SOCKS4 failures keep their number and have a SOCKS5 meaning.
#[test]
fn socks4_failures() {
    let receive =
        |mut reply: &[u8]| socks4(&request4(Command::Connect), &mut Vec::new()).receive(&mut reply);
    let error = receive(&[0, 0x5d, 0, 0, 0, 0, 0, 0]).unwrap_err();
    assert_eq!(error, ClientError::Refused4(v4::ReplyCode::IDENT_MISMATCH));
    assert_eq!(error.reply_code(), Some(ReplyCode::NOT_ALLOWED));
    let error = receive(&[0, 0x5e, 0, 0, 0, 0, 0, 0]).unwrap_err();
    assert_eq!(error, ClientError::Refused4(v4::ReplyCode(0x5e)));
    assert!(
        receive(&[4, 0x5a, 0, 0, 0, 0, 0, 0])
            .unwrap()
            .next()
            .is_some()
    );
    let error = receive(&[5, 0xff]).unwrap_err();
    assert_eq!(error, ClientError::Malformed(DecodeError::BadVersion(5)));
}

/// S4-15, BI-17, BI-18, UD-10: both replies of BIND in one segment, payload behind them, and the
/// server's own address in place of an unspecified one.
#[test]
fn both_replies_of_bind() {
    let mut output = Vec::new();
    let mut input: &[u8] = b"\0\x5a\x4e\x21\0\0\0\0\0\x5a\x00\x14\xc0\x00\x02\x14220 hi";
    let first = socks4(&request4(Command::Bind), &mut output)
        .receive(&mut input)
        .unwrap()
        .next()
        .unwrap();
    let server = "198.51.100.5:1080".parse().unwrap();
    assert_eq!(
        first.bound_at(server),
        Address::Socket("198.51.100.5:20001".parse().unwrap())
    );
    let second = first
        .await_peer()
        .receive(&mut input)
        .unwrap()
        .next()
        .unwrap();
    assert_eq!(
        second.bound(),
        &Address::Socket("192.0.2.20:20".parse().unwrap())
    );
    assert_eq!(input, b"220 hi");
}

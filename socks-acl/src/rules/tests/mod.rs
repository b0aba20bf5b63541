#![cfg(feature = "toml")]

mod bind;
mod conditions;
mod explain;
mod naive;
mod names;
mod replace;
mod shadow;
mod terms;
mod time;
mod udp;

use std::sync::Arc;

use socks_core::{
    Address, Command, Method,
    message::{
        AcceptRequest, AccessPoint, AccessRequest, ConnInfo, Denial, Identity, Permit, SessionId,
        Verdict, Version,
    },
};
use tower_service::Service;

use super::{Acl, Rules};
use crate::{
    RuleFile,
    tests::{LOCAL, PUBLIC, address, endpoint},
};

/// Switches the safe default off where a test is about something else.
const OPEN: &str = "safe_default.enabled = false\n";

fn rules(text: &str) -> Rules {
    let rules = RuleFile::parse("t", text).and_then(|file| file.rules());
    rules.unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn acl(text: &str) -> Acl {
    Acl::new(rules(text))
}

/// Somebody who has proved nothing asks by SOCKS5.
fn request(command: Command, destination: &str) -> AccessRequest {
    crate::tests::request(PUBLIC, command, address(destination))
}

fn connect(destination: &str) -> AccessRequest {
    request(Command::Connect, destination)
}

fn user(name: &str, destination: &str) -> AccessRequest {
    let identity = Identity::user(name, Method::USERNAME_PASSWORD);
    let mut request = connect(destination);
    request.identity = Arc::new(identity);
    request
}

fn ask(acl: &Acl, request: AccessRequest) -> Result<Permit, Denial> {
    let Ok(verdict) = acl.clone().call(request).into_inner();
    answer(verdict)
}

fn ask_accept(acl: &Acl, request: AcceptRequest) -> Result<Permit, Denial> {
    let Ok(verdict) = acl.clone().call(request).into_inner();
    answer(verdict)
}

fn answer(verdict: Verdict) -> Result<Permit, Denial> {
    match verdict {
        Verdict::Allow(permit) => Ok(permit),
        Verdict::Deny(denial) => Err(denial),
    }
}

/// The rule that a verdict names.
fn rule(answer: &Result<Permit, Denial>) -> &str {
    let terms = match answer {
        Ok(permit) => &permit.terms,
        Err(denial) => &denial.terms,
    };
    terms.as_ref().map_or("", |terms| &terms.rule)
}

/// Whether a permit lets an address be used that a name resolved to.
fn permits(permit: &Permit, requested: &str, addr: &str) -> bool {
    permit.permits_for(&address(requested), addr.parse().unwrap())
}

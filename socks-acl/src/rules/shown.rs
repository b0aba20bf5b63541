use std::fmt;

use socks_core::{Escaped, Method, message::UsedUp};

use super::{Condition, facts::Facts, truth::Known};
use crate::SpecialPurpose;

/// Values of a list that are shown.
const MAX: usize = 8;

impl Facts<'_> {
    /// What it is that `condition` asks about, for whoever wants to know why a rule did not count.
    /// Escaped (`SE-38`).
    pub(super) fn shown(&self, condition: &Condition) -> String {
        let identity = self.identity();
        match condition {
            Condition::Client(_) => self.peer.to_string(),
            Condition::Listener(_) => list(self.listener.iter()),
            Condition::Tls => if self.tls.is_some() { "yes" } else { "no" }.to_owned(),
            Condition::Certificate(_) => list(self.tls.iter().flat_map(|tls| &tls.names)),
            Condition::Version(_) => some(self.session.map(|session| session.version)),
            Condition::User(_) => {
                let claim = identity.filter(|it| it.method == Method::NO_AUTHENTICATION);
                match (identity.and_then(|it| it.user.as_ref()), claim) {
                    (None, _) => "anonymous".to_owned(),
                    (Some(user), None) => user.to_string(),
                    (Some(user), Some(_)) => format!("{user}, not proved"),
                }
            }
            Condition::Group(_) => list(identity.iter().flat_map(|it| &it.groups)),
            Condition::Method(_) => some(identity.map(|it| it.method)),
            Condition::Ident(_) => some(identity.and_then(|it| it.ident.as_ref())),
            Condition::Command(_) => some(self.command().map(|it| it.name())),
            Condition::Destination(_) => match (self.name, self.ip) {
                (Known::Is(name), Known::Is(ip)) => format!("{name} at {ip}"),
                (Known::Is(name), _) => name.to_string(),
                _ => known(self.ip),
            },
            Condition::Address(_) => known(self.ip),
            Condition::Range(_) => match self.ip {
                Known::Is(ip) => match SpecialPurpose::of(ip) {
                    Some(range) => format!("{ip}, {range}"),
                    None => format!("{ip}, an ordinary address"),
                },
                ip => known(ip),
            },
            Condition::Port(_) => known(self.port),
            Condition::Time(_) => self.now.to_string(),
            Condition::UsedUp(_) => list(self.used_up.iter().flat_map(|UsedUp(names)| names)),
        }
    }
}

fn some(value: Option<impl fmt::Display>) -> String {
    value.map_or_else(|| "none".to_owned(), |value| value.to_string())
}

fn known(value: Known<impl fmt::Display>) -> String {
    match value {
        Known::Is(value) => value.to_string(),
        Known::None => "none".to_owned(),
        Known::Unknown => "not known yet".to_owned(),
    }
}

fn list<'v, V: AsRef<str> + 'v>(values: impl Iterator<Item = &'v V>) -> String {
    let mut shown = Vec::new();
    for value in values {
        if shown.len() == MAX {
            shown.push("…".to_owned());
            break;
        }
        shown.push(Escaped(value.as_ref().as_bytes()).to_string());
    }
    match shown.is_empty() {
        true => "none".to_owned(),
        false => shown.join(", "),
    }
}

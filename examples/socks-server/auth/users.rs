use socks_auth::{NoAuth, StaticUsers};

use super::{
    AuthMethod,
    backend::{Backend, Parts},
};
use crate::value::{Name, Password};

/// The users of `[[user]]` and of `--user`.
pub fn users(users: Vec<(Name, Password)>) -> Backend {
    let names: Vec<_> = users.iter().map(|(name, _)| name.0.to_string()).collect();
    let table = users
        .into_iter()
        .map(|(name, password)| (name.0, password.0));
    let table = StaticUsers::from_iter(table);
    Backend::new(
        AuthMethod::UsernamePassword,
        format!("users {}", names.join(", ")),
        move |_| Parts::new(table.clone()),
    )
}

/// Whoever needs to prove nothing.
pub fn anybody() -> Backend {
    Backend::new(AuthMethod::NoAuthentication, "anybody", |_| {
        Parts::new(NoAuth::new())
    })
}

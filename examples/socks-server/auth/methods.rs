use toml::Spanned;

use super::AuthMethod;
use crate::config::{ConfigError, Source};

/// What is offered unless it is said: everything that is set up, the strongest first, and nothing at all
/// to prove if nothing is.
pub fn default(set_up: &[AuthMethod]) -> Vec<AuthMethod> {
    let strongest_first = [
        AuthMethod::Gssapi,
        AuthMethod::Chap,
        AuthMethod::UsernamePassword,
    ];
    let offered = strongest_first.into_iter();
    let offered: Vec<_> = offered.filter(|method| set_up.contains(method)).collect();
    match offered.is_empty() {
        true => vec![AuthMethod::NoAuthentication],
        false => offered,
    }
}

/// A list of the file: no method twice, and none that nobody judges.
pub fn listed(
    source: &Source,
    key: &str,
    methods: &Spanned<Vec<AuthMethod>>,
    set_up: &[AuthMethod],
) -> Result<Vec<AuthMethod>, ConfigError> {
    let error = |what: String| source.error(methods.span(), key, what);
    let list = methods.get_ref();
    if list.is_empty() {
        return Err(error("expected at least one method".into()));
    }
    for (index, method) in list.iter().enumerate() {
        if list.iter().take(index).any(|earlier| earlier == method) {
            return Err(error(format!("{method} is there twice")));
        }
        if *method != AuthMethod::NoAuthentication && !set_up.contains(method) {
            let needed = match method {
                AuthMethod::UsernamePassword => "a [[user]] or a table of passwords below [auth]",
                AuthMethod::Gssapi => "[auth.gssapi]",
                AuthMethod::Chap => "[auth.chap]",
                AuthMethod::NoAuthentication => continue,
            };
            return Err(error(format!("expected {needed} for {method}")));
        }
    }
    Ok(list.clone())
}

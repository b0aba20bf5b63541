use std::{fmt, path::PathBuf};

use serde::Deserialize;
use socks_core::message::Endpoint;
use toml::Spanned;

use super::token::Token;
use crate::{
    config::{ConfigError, Source},
    listen::Listening,
    value::{Listen, secret_file},
};

/// `[admin]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Admin {
    listen: Spanned<Listen>,
    token_file: Option<Spanned<PathBuf>>,
}

/// Where the admin address is, and what it takes to be let in.
#[derive(Debug)]
pub struct Prepared {
    pub(super) at: Listen,
    pub(super) token: Option<Token>,
}

impl Admin {
    /// `others` are the listeners for clients.
    pub fn prepare(&self, others: &[Listening], source: &Source) -> Result<Prepared, ConfigError> {
        let at = self.listen.get_ref();
        let error = |what: String| source.error(self.listen.span(), "admin.listen", what);
        if others.iter().any(|other| other.at.is_one_with(at)) {
            return Err(error(format!("{at} listens for clients")));
        }
        let token = match &self.token_file {
            None => None,
            Some(file) => {
                let token = secret_file(file.get_ref()).and_then(|secret| {
                    Token::new(&secret)
                        .map_err(|what| format!("{}: {what}", file.get_ref().display()))
                });
                let error = |what| source.error(file.span(), "admin.token_file", what);
                Some(token.map_err(error)?)
            }
        };
        let prepared = Prepared {
            at: at.clone(),
            token,
        };
        match prepared.token.is_some() || prepared.is_local() {
            true => Ok(prepared),
            false => Err(error(format!(
                "{at} is reached from elsewhere: expected an address on loopback, unix:/PATH, or a token_file"
            ))),
        }
    }
}

impl Prepared {
    /// Whether only this machine reaches it.
    pub(super) fn is_local(&self) -> bool {
        match &self.at {
            Listen::Tcp(addr) => Endpoint::from(*addr).is_local(),
            Listen::Unix(_) => true,
        }
    }
}

/// For `--check`.
impl fmt::Display for Prepared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let token = match self.token {
            Some(_) => "with a token",
            None => "without a token",
        };
        write!(f, "{}, {token}", self.at)
    }
}

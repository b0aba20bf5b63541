use std::{convert::Infallible, str::FromStr};

use axum::{extract::FromRequestParts, http::request::Parts};
use percent_encoding::percent_decode;
use socks_core::Escaped;

use super::refusal::Refusal;
use crate::rules::Pairs;

/// The parameters of a request, which are octets: names of users need not be text.
///
/// Whoever asks for something takes it, and what is left at the [`end`](Self::end) is a mistake: a filter that was
/// misspelt would be no filter.
#[derive(Debug, Default)]
pub struct Query(Vec<(Vec<u8>, Vec<u8>)>);

impl Query {
    /// `NAME=VALUE&NAME=VALUE`, encoded as forms are.
    pub fn parse(text: &str) -> Self {
        let pairs = text.split('&').filter(|pair| !pair.is_empty());
        let pairs = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
        Self(
            pairs
                .map(|(name, value)| (decode(name), decode(value)))
                .collect(),
        )
    }

    /// The octets of a parameter.
    pub fn octets(&mut self, name: &str) -> Option<Vec<u8>> {
        let index = self.0.iter().position(|(own, _)| own == name.as_bytes())?;
        Some(self.0.remove(index).1)
    }

    /// A parameter that is text.
    pub fn text(&mut self, name: &str) -> Result<Option<String>, Refusal> {
        self.octets(name)
            .map(String::from_utf8)
            .transpose()
            .map_err(|_| Refusal::bad(format!("{name}: expected UTF-8")))
    }

    /// A parameter that is something else, `expected` in words.
    pub fn value<T: FromStr>(&mut self, name: &str, expected: &str) -> Result<Option<T>, Refusal> {
        let text = self.text(name)?;
        text.map(|text| text.parse())
            .transpose()
            .map_err(|_| Refusal::bad(format!("{name}: expected {expected}")))
    }

    /// All that is left.
    pub fn pairs(self) -> Pairs {
        Pairs(self.0)
    }

    /// Nothing else was asked for.
    pub fn end(self) -> Result<(), Refusal> {
        match self.0.first() {
            None => Ok(()),
            Some((name, _)) => Err(Refusal::bad(format!(
                "{}: unknown, or there twice",
                Escaped(name)
            ))),
        }
    }
}

fn decode(text: &str) -> Vec<u8> {
    percent_decode(text.replace('+', " ").as_bytes()).collect()
}

impl<S: Sync> FromRequestParts<S> for Query {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::parse(parts.uri.query().unwrap_or_default()))
    }
}
